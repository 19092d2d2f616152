/** Sentences that the console makes of what happened. */

import { has, t } from "../shared/words.js";

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
  if ("q" in list) return t("desk.search.title");
  if ("team" in list) return desk.teams.name(list.team, "");
  if ("customer" in list) return desk.people.name(list.customer);
  const named = desk.views.byId.value.get(list.view);
  const key = `desk.view.${list.view}`;
  if (has(key)) return t(key);
  return named?.name ?? t("desk.view.unknown");
}

/**
 * One line of what an event changed.
 * @param {Desk} desk
 * @param {Event} event
 */
export function changeSentence({ people, teams }, event) {
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
    case "team_changed":
      return teamSentence(teams, name, event.data.to);
    case "skills_required":
      return t(`desk.event.skills_${event.data.to.length ? "required" : "cleared"}`, {
        name,
        skills: event.data.to.join(", "),
      });
    case "assigned":
      return assignedSentence(people, name, event);
    default:
      return t("desk.event.other", { name, kind: String(/** @type {Event} */ (event).kind) });
  }
}

/**
 * @param {Desk["teams"]} teams
 * @param {string} name
 * @param {string | null} to
 */
const teamSentence = (teams, name, to) =>
  to
    ? t("desk.event.team_changed", { name, to: teams.name(to, "") })
    : t("desk.event.team_cleared", { name });

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
