/** Sentences that the console makes of what happened. */

import { changesOf, valueWord } from "../shared/fields.js";
import { has, t } from "../shared/words.js";
import { PREFIX } from "./custom_fields.js";

/** @typedef {import("./types.js").Event} Event */
/** @typedef {import("./desk.js").Desk} Desk */

/**
 * A word that a newer server may have and we not: it is shown as it is.
 * @param {string} prefix
 * @param {string | null | undefined} value
 */
export function wordOf(prefix, value) {
  const key = `desk.${prefix}.${value ?? "none"}`;
  return has(key) ? t(key) : String(value);
}

/** @param {string | null | undefined} status */
export const statusWord = (status) => wordOf("status", status);
/** @param {string | null | undefined} priority */
export const priorityWord = (priority) => wordOf("priority", priority);

/**
 * @param {Desk} desk
 * @param {import("./place.js").ListPlace} list
 */
export function viewName(desk, list) {
  if ("q" in list) return searchName(desk, list);
  if ("customer" in list) return desk.people.name(list.customer);
  const named = desk.views.byId.value.get(list.view);
  const key = `desk.view.${list.view}`;
  if (has(key)) return t(key);
  return named?.name ?? t("desk.view.unknown");
}

/**
 * @param {Desk} desk
 * @param {{fields?: Record<string, string>}} list
 */
function searchName({ fields }, list) {
  const asked = Object.entries(list.fields ?? {}).map(([name, value]) => {
    const field = fields.byKey.value.get(name.slice(PREFIX.length));
    const isYesOrNo = field?.kind === "boolean";
    const word = isYesOrNo ? t(`field.${value === "true"}`) : valueWord(field, value);
    return `${field?.label ?? name}: ${word}`;
  });
  return asked.join(" · ") || t("desk.search.title");
}

/**
 * One line of what an event changed.
 * @param {Desk} desk
 * @param {Event} event
 */
export function changeSentence({ people, fields }, event) {
  const name = event.actor_id ? people.name(event.actor_id) : t("desk.event.desk");
  switch (event.kind) {
    case "ticket_created":
      return t("desk.event.ticket_created", { name });
    case "status_changed":
      return t("desk.event.status_changed", {
        name,
        from: statusWord(event.data.from),
        to: statusWord(event.data.to),
      });
    case "priority_changed":
      return t("desk.event.priority_changed", { name, to: priorityWord(event.data.to) });
    case "category_changed":
      return t("desk.event.category_changed", { name, to: event.data.to });
    case "tags_changed":
      return tagsSentence(name, event.data);
    case "fields_changed":
    case "staff_fields_changed": {
      const changes = changesOf(event.data, fields.byKey.value);
      const said = changes.map((change) => t("desk.event.field", change)).join(", ");
      return t("desk.event.fields_changed", { name, changes: said });
    }
    case "assigned":
      return assignedSentence(people, name, event);
    default:
      return t("desk.event.other", { name, kind: String(/** @type {Event} */ (event).kind) });
  }
}

/**
 * @param {string} name
 * @param {{added: string[], removed: string[]}} tags
 */
function tagsSentence(name, { added, removed }) {
  const values = { name, added: added.join(", "), removed: removed.join(", ") };
  if (!removed.length) return t("desk.event.tags_added", values);
  return t(added.length ? "desk.event.tags_changed" : "desk.event.tags_removed", values);
}

/**
 * @param {import("./people.js").People} people
 * @param {string} name
 * @param {import("../../client/types.d.ts").AssignedEvent} event
 */
function assignedSentence(people, name, { actor_id, data: { to } }) {
  if (!to) return t("desk.event.unassigned", { name });
  if (to === actor_id) return t("desk.event.taken", { name });
  return t("desk.event.assigned", { name, to: people.name(to) });
}

/**
 * @param {Desk} desk
 * @param {import("./types.js").Notification} notification
 */
export function notificationSentence({ people }, { kind, actor, actor_id, data }) {
  const name = actor?.full_name ?? people.name(actor_id, t("desk.event.desk"));
  const isNote = kind === "message_posted" && data.internal === true;
  const key = `desk.notification.${isNote ? "note_posted" : kind}`;
  const to = typeof data.to === "string" ? statusWord(data.to) : "";
  return has(key) ? t(key, { name, to }) : t("desk.notification.other", { name });
}
