/** A macro is made, or made another. */

import { html, useId, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Control } from "../parts/custom_fields.js";
import { Choice, Text, useLabels } from "../parts/form_fields.js";
import { reason } from "../reasons.js";
import { priorityWord, statusWord } from "../sayings.js";
import { actionsOf, timeWord } from "./sayings.js";
import { CLEAR, chosenOf, holderOf, LEAVE, MINUTES, macroOf } from "./values.js";

/** @typedef {import("./macros.js").Macro} Macro */
/** @typedef {import("../parts/form_fields.js").Options} Options */
/** @typedef {import("../../../client/types.d.ts").Actions} Actions */

const STATUSES = ["open", "in_progress", "resolved", "closed"];
const PRIORITIES = ["urgent", "high", "medium", "low"];
const WORDS = [
  ...["ticket.number", "ticket.title", "customer.first_name", "customer.full_name"],
  ...["agent.first_name", "agent.full_name", "desk.name"],
];

/**
 * @param {{macro: Macro | null, save: (sent: import("../../../client/types.d.ts").NewMacro) => Promise<unknown>,
 *   onDone: () => void}} props `macro`: null for a new one
 */
export function MacroForm({ macro, save, onDone }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [error, setError] = useState("");
  const [fields, setFields] = useState(macro ? actionsOf(macro).fields : {});
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!form.current) return;
    try {
      await save(macroOf(new FormData(form.current), fields));
      onDone();
    } catch (refused) {
      setError(reason(refused));
    }
  };
  const id = useId();
  return html`<form ref=${form} class="view-form" onSubmit=${submit}>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <div class="fields">
      <${Text} name="name" label=${t("desk.macro.name")} value=${macro?.name ?? ""} required />
      <${Holder} macro=${macro} />
    </div>
    <label for=${id}>${t("desk.macro.content")}</label>
    <textarea
      id=${id}
      name="content"
      rows="5"
      maxlength="10000"
      dir="auto"
      aria-describedby=${`${id}-words`}
      defaultValue=${macro?.message?.content ?? ""}
    ></textarea>
    <p id=${`${id}-words`} class="muted">
      ${t("desk.macro.words")} ${WORDS.map((word) => html`<code key=${word}>${`{{${word}}}`}</code> `)}
    </p>
    <label class="check">
      <input type="checkbox" name="internal" defaultChecked=${macro?.message?.internal ?? false} />
      ${t("desk.macro.internal")}
    </label>
    <${Does} actions=${macro ? actionsOf(macro) : {}} />
    <${Values} values=${fields ?? {}} set=${setFields} />
    <p class="message-actions">
      <button class="primary">${t("desk.view_form.save")}</button>
      <button type="button" onClick=${onDone}>${t("desk.many.cancel")}</button>
    </p>
  </form>`;
}

/** Whose it is. @param {{macro: Macro | null}} props */
function Holder({ macro }) {
  const { me, teams } = useDesk();
  const isAdmin = me.role === "admin";
  const may = isAdmin ? teams.all.value : teams.mine.value;
  /** @type {Options} */
  const options = [
    ["own", t("desk.macro.scope.own")],
    ...may.map(({ id, name }) => /** @type {[string, string]} */ ([id, name])),
  ];
  if (isAdmin) options.push(["everyone", t("desk.macro.scope.everyone")]);
  const value = macro ? holderOf(macro) : "own";
  return html`<${Choice} name="holder" label=${t("desk.macro.scope")} value=${value} options=${options} />`;
}

/** @param {{actions: Actions}} props */
function Does({ actions }) {
  const { people, team, teams } = useDesk();
  const labels = useLabels();
  const list = (/** @type {string[] | undefined} */ words) => (words ?? []).join(", ");
  /** @type {Options} */
  const leave = [[LEAVE, t("desk.macro.leave")]];
  /** @type {Options} */
  const staff = team.sorted.value.map(({ user_id, full_name }) => [user_id, full_name]);
  const { assignee } = actions;
  // Who may work here no more.
  if (assignee && assignee !== "me" && !staff.some(([id]) => id === assignee)) {
    staff.push([assignee, people.name(assignee)]);
  }
  /** @type {Record<string, Options>} */
  const options = {
    status: STATUSES.map((one) => [one, statusWord(one)]),
    priority: [...PRIORITIES, null].map((one) => [one ?? CLEAR, priorityWord(one)]),
    team_id: [
      ...teams.all.value.map(({ id, name }) => /** @type {[string, string]} */ ([id, name])),
      [CLEAR, t("desk.no_team")],
    ],
    assignee: [["me", t("desk.macro.me")], ...staff, [CLEAR, t("desk.nobody")]],
  };
  const minutes = actions.snooze?.minutes;
  // One that was made elsewhere may be of any length.
  const lengths = minutes && !MINUTES.includes(minutes) ? [...MINUTES, minutes] : MINUTES;
  const choice = (/** @type {"status" | "priority" | "team_id" | "assignee"} */ name) =>
    html`<${Choice}
      name=${name}
      label=${t(`desk.field.${name.replace("_id", "")}`)}
      value=${chosenOf(actions[name])}
      options=${[...leave, ...(options[name] ?? [])]}
    />`;
  return html`<fieldset class="does">
    <legend>${t("desk.macro.does")}</legend>
    <div class="fields">
      ${choice("status")} ${choice("priority")} ${choice("team_id")} ${choice("assignee")}
      <${Choice}
        name="snooze"
        label=${t("desk.macro.snooze")}
        value=${minutes ? String(minutes) : LEAVE}
        options=${[...leave, ...lengths.map((one) => /** @type {[string, string]} */ ([String(one), timeWord(one)]))]}
      />
      <${Text} name="category" label=${t("desk.field.category")} value=${actions.category ?? ""} among=${labels.categories} />
      <${Text} name="tags_add" label=${t("desk.macro.tags_add")} value=${list(actions.tags_add)} />
      <${Text} name="tags_remove" label=${t("desk.macro.tags_remove")} value=${list(actions.tags_remove)} />
      <${Text} name="required_skills" label=${t("desk.field.skills")} value=${list(actions.required_skills)} />
    </div>
  </fieldset>`;
}

/**
 * Values of custom fields; what has none stays as it is.
 * @param {{values: NonNullable<Actions["fields"]>, set: (values: NonNullable<Actions["fields"]>) => void}} props
 */
function Values({ values, set }) {
  const { fields } = useDesk();
  const id = useId();
  const offered = fields.offered.value;
  if (!offered.length) return null;
  /** @param {string} key @param {import("../../shared/fields.js").Value | null} value */
  const put = (key, value) => {
    const { [key]: _, ...others } = values;
    set(value === null ? others : { ...others, [key]: value });
  };
  return html`<details open=${Object.keys(values).length > 0}>
    <summary>${t("desk.fields")}</summary>
    <div class="fields">
      ${offered.map(
        (field) => html`<div key=${field.key} class="field custom-field">
          ${
            field.kind === "choices"
              ? html`<span class="field-name" id=${`${id}-${field.key}`}><bdi>${field.label}</bdi></span>`
              : html`<label for=${`${id}-${field.key}`}><bdi>${field.label}</bdi></label>`
          }
          <${Control}
            id=${`${id}-${field.key}`}
            field=${field}
            value=${values[field.key] ?? undefined}
            set=${(/** @type {any} */ value) => put(field.key, value)}
          />
        </div>`,
      )}
    </div>
  </details>`;
}
