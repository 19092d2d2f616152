/** Sentences that the console makes of what happened. */

import { valueWord } from "../shared/fields.js";
import { has, t } from "../shared/words.js";
import { PREFIX } from "./custom_fields.js";

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
  if ("team" in list) return desk.teams.name(list.team, "");
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
 * Who looks, with who of them is not there.
 * @param {Desk} desk
 * @param {string[]} ids
 * @param {string[]} idle
 */
export function viewerNames({ people }, ids, idle) {
  const names = ids.map((id) =>
    idle.includes(id) ? t("desk.idle", { name: people.name(id) }) : people.name(id),
  );
  return names.join(", ");
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
  const score = typeof data.score === "number" ? data.score : 0;
  const note = typeof data.note === "string" ? data.note : String(data.title);
  return has(key) ? t(key, { name, to, score, note }) : t("desk.notification.other", { name });
}

/**
 * What a ticket is to the other of a link.
 * @param {{kind: string, is_source: boolean}} link
 */
export const linkWord = ({ kind, is_source }) =>
  t(`desk.link.${kind}${is_source || kind === "related" ? "" : ".by"}`);
