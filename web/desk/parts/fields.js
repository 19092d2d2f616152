/** What of a ticket can be set: each shows at once, and is taken back if the server refuses it. */

import { html, useId } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { priorityWord, statusWord } from "../sayings.js";
import { listOf } from "../skills.js";
import { Tags } from "./tags.js";
import { Typed } from "./typed.js";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {{value: string, label: string}} Option */

export const STATUSES = /** @type {const} */ (["open", "in_progress", "resolved", "closed"]);
export const PRIORITIES = /** @type {const} */ (["urgent", "high", "medium", "low"]);

/** @param {{row: Row}} props */
export function Fields({ row }) {
  const desk = useDesk();
  const { changes, me } = desk;
  const statuses = STATUSES.map((value) => ({ value, label: statusWord(value) }));
  const priorities = ["", ...PRIORITIES].map((value) => ({
    value,
    label: priorityWord(value || null),
  }));
  return html`<div class="fields">
    <${Field}
      label=${t("desk.field.status")}
      value=${row.status}
      options=${withOther(statuses, row.status, statusWord(row.status))}
      onChoose=${(/** @type {any} */ status) => changes.make(row.id, { fields: { status } })}
    />
    <${Field}
      label=${t("desk.field.priority")}
      value=${row.priority ?? ""}
      options=${priorities}
      onChoose=${(/** @type {any} */ value) =>
        changes.make(row.id, { fields: { priority: value || null } })}
    />
    <${Field}
      label=${t("desk.field.assignee")}
      value=${row.assigned_to_id ?? ""}
      options=${assignees(desk, row)}
      onChoose=${(/** @type {string} */ value) => changes.make(row.id, { assignee: value || null })}
    />
    ${
      row.assigned_to_id !== me.id
        ? html`<button type="button" class="take" onClick=${() => changes.take(row.id)}>
          ${t("desk.take")}
        </button>`
        : null
    }
    <${Field}
      label=${t("desk.field.team")}
      value=${row.team_id ?? ""}
      options=${teamOptions(desk, row.team_id)}
      onChoose=${(/** @type {string} */ value) =>
        changes.make(row.id, { fields: { team_id: value || null } })}
    />
    <${Tags} row=${row} />
    <${Skills} row=${row} />
  </div>`;
}

/** @param {{label: string, value: string, options: Option[], onChoose: (value: string) => void}} props */
function Field({ label, value, options, onChoose }) {
  const id = useId();
  /** @param {{currentTarget: HTMLSelectElement}} event */
  const onChange = ({ currentTarget }) => onChoose(currentTarget.value);
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} value=${value} onChange=${onChange}>
      ${options.map(
        (option) => html`<option
          key=${option.value}
          value=${option.value}
          selected=${option.value === value}
        >
          ${option.label}
        </option>`,
      )}
    </select>
  </div>`;
}

/** What whoever is given the ticket has to know. @param {{row: Row}} props */
function Skills({ row }) {
  const { changes } = useDesk();
  const id = useId();
  const set = (/** @type {string} */ text) =>
    changes.make(row.id, { fields: { required_skills: listOf(text) } });
  return html`<div class="field">
    <label for=${id}>${t("desk.field.skills")}</label>
    <${Typed}
      id=${id}
      type="text"
      placeholder=${t("desk.skills.hint")}
      value=${row.required_skills.join(", ")}
      set=${set}
    />
  </div>`;
}

/**
 * @param {import("../desk.js").Desk} desk
 * @param {string | null} id
 */
function teamOptions({ teams }, id) {
  const none = { value: "", label: t("desk.no_team") };
  const all = teams.all.value.map(({ id: value, name: label }) => ({ value, label }));
  return id ? withOther([none, ...all], id, teams.name(id, "")) : [none, ...all];
}

/**
 * The staff, and whoever has the ticket although they work here no more.
 * @param {import("../desk.js").Desk} desk
 * @param {Row} row
 * @returns {Option[]}
 */
function assignees(desk, row) {
  const staff = desk.team.sorted.value.map(({ user_id, full_name, available }) => ({
    value: user_id,
    label: available ? full_name : t("desk.away", { name: full_name }),
  }));
  const nobody = { value: "", label: t("desk.nobody") };
  const id = row.assigned_to_id;
  return id ? withOther([nobody, ...staff], id, desk.people.name(id)) : [nobody, ...staff];
}

/**
 * With what the ticket has although it is not offered.
 * @param {Option[]} options
 * @param {string} value
 * @param {string} label
 */
const withOther = (options, value, label) =>
  options.some((option) => option.value === value) ? options : [...options, { value, label }];
