/** What is on the screen becomes a view with a name; or a view is changed, or removed. */

import { Dialog, html, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { reason } from "../reasons.js";
import { changeableView, mayShare, removeView, saveView } from "../saved_views.js";
import { priorityWord, statusWord, wordOf } from "../sayings.js";
import { fieldsOf, NOBODY, queryOf, SOMEBODY } from "../view_query.js";
import { Choice, Remove, Text, useLabels } from "./form_fields.js";
import { SORTS } from "./list_head.js";

/** @typedef {import("../view_query.js").Fields} Fields */
/** @typedef {import("./form_fields.js").Options} Options */

const STATUSES = ["open", "in_progress", "resolved", "closed"];
const PRIORITIES = ["urgent", "high", "medium", "low"];

/** @param {{isNew: boolean}} props */
export function ViewForm({ isNew }) {
  const desk = useDesk();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [error, setError] = useState("");
  // What the dialog is about does not change beneath it.
  const [{ view, before }] = useState(() => ({
    view: isNew ? null : changeableView(desk),
    before: desk.list.peek()?.query ?? {},
  }));
  const fields = fieldsOf(before);
  /** @param {Promise<void>} done */
  const until = (done) => done.then(closeOverlay, (refused) => setError(reason(refused)));
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (!form.current) return;
    const given = new FormData(form.current);
    const chosen = /** @type {Fields} */ (
      Object.fromEntries([...given, ["status", given.getAll("status")]])
    );
    const name = String(given.get("name")).trim();
    const shared = given.has("shared");
    until(saveView(desk, view?.id ?? null, { name, shared, query: queryOf(chosen, before) }));
  };
  const title = t(view ? "desk.do.change_view" : "desk.do.save_view");
  return html`<${Dialog} title=${title} closeWord=${t("close")} onClose=${closeOverlay}>
    <form ref=${form} class="view-form" onSubmit=${submit}>
      ${error ? html`<p class="error" role="alert">${error}</p>` : null}
      <${Text} name="name" label=${t("desk.view_form.name")} value=${view?.name ?? ""} required />
      ${
        before.user_id
          ? html`<p>${t("desk.customer")}: <bdi>${desk.people.name(String(before.user_id))}</bdi></p>`
          : null
      }
      <fieldset class="choices">
        <legend>${t("desk.field.status")}</legend>
        ${STATUSES.map(
          (status) => html`<label key=${status}>
            <input type="checkbox" name="status" value=${status} defaultChecked=${fields.status?.includes(status)} />
            ${statusWord(status)}
          </label>`,
        )}
      </fieldset>
      <${Filters} fields=${fields} />
      ${
        mayShare(desk)
          ? html`<label class="check">
              <input type="checkbox" name="shared" defaultChecked=${view?.shared ?? false} />
              ${t("desk.view_form.shared")}
            </label>`
          : null
      }
      <p class="message-actions">
        <button class="primary">${t("desk.view_form.save")}</button>
        ${view ? html`<${Remove} onClick=${() => until(removeView(desk, view.id))} />` : null}
      </p>
    </form>
  <//>`;
}

/** @param {{fields: Fields}} props */
function Filters({ fields }) {
  const desk = useDesk();
  const labels = useLabels();
  const any = /** @type {Options} */ ([["", t("desk.view_form.any")]]);
  /** @type {Options} */
  const priorities = PRIORITIES.map((one) => [one, priorityWord(one)]);
  /** @type {Options} */
  const turns = [
    ["staff", t("desk.view_form.staff")],
    ["customer", t("desk.customer")],
  ];
  /** @type {Options} */
  const unread = [
    ["true", t("desk.view_form.unread")],
    ["false", t("desk.view_form.read")],
  ];
  /** @type {Options} */
  const snoozed = [
    ["true", t("desk.view_form.asleep")],
    ["false", t("desk.view_form.awake")],
  ];
  /** @type {Options} */
  const sorts = [...new Set([...SORTS, String(fields.sort)])].map((sort) => [
    sort,
    wordOf("sort", sort),
  ]);
  return html`<div class="fields">
    <${Text} name="q" label=${t("desk.view_form.words")} value=${fields.q} />
    <${Choice} name="assignee" label=${t("desk.field.assignee")} value=${fields.assignee} options=${[...any, ...assignees(desk, String(fields.assignee))]} />
    <${Choice} name="team" label=${t("desk.field.team")} value=${fields.team} options=${[...any, ...teamOptions(desk)]} />
    <${Choice} name="priority" label=${t("desk.field.priority")} value=${fields.priority} options=${[...any, ...priorities]} />
    <${Choice} name="waiting_on" label=${t("desk.view_form.waiting_on")} value=${fields.waiting_on} options=${[...any, ...turns]} />
    <${Choice} name="unread" label=${t("desk.view_form.messages")} value=${fields.unread} options=${[...any, ...unread]} />
    <${Choice} name="snoozed" label=${t("desk.view.snoozed")} value=${fields.snoozed} options=${[...any, ...snoozed]} />
    <${Text} name="category" label=${t("desk.field.category")} value=${fields.category} among=${labels.categories} />
    <${Text} name="type" label=${t("desk.view_form.type")} value=${fields.type} />
    <${Text} name="tag" label=${t("desk.view_form.tag")} value=${fields.tag} among=${labels.tags} />
    <${Choice} name="sort" label=${t("desk.sort")} value=${fields.sort} options=${sorts} />
  </div>`;
}

/**
 * @param {import("../desk.js").Desk} desk
 * @param {string} chosen who may be of the team no more
 * @returns {Options}
 */
function assignees({ me, people, team }, chosen) {
  const others = team.sorted.value.filter(({ user_id }) => user_id !== me.id);
  /** @type {Options} */
  const known = [
    ["me", t("desk.view_form.reader")],
    [NOBODY, t("desk.nobody")],
    [SOMEBODY, t("desk.view_form.somebody")],
    [me.id, me.full_name],
    ...others.map(
      ({ user_id, full_name }) => /** @type {[string, string]} */ ([user_id, full_name]),
    ),
  ];
  const isKnown = !chosen || known.some(([id]) => id === chosen);
  return isKnown ? known : [...known, [chosen, people.name(chosen)]];
}

/**
 * @param {import("../desk.js").Desk} desk
 * @returns {Options}
 */
const teamOptions = ({ teams }) => [
  ["mine", t("desk.teams.mine")],
  ["none", t("desk.no_team")],
  ...teams.all.value.map(({ id, name }) => /** @type {[string, string]} */ ([id, name])),
];
