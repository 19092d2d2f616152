/** What an event changed, as a sentence. */

import { get } from "../shared/api.js";
import { changesOf } from "../shared/fields.js";
import { fullTime } from "../shared/time.js";
import { t } from "../shared/words.js";
import { isMessage } from "./opened.js";
import { linkWord, priorityWord, statusWord } from "./sayings.js";

/** @typedef {import("./types.js").Event} Event */
/** @typedef {import("./desk.js").Desk} Desk */

/** For the last change, among messages. */
const LOOKED_THROUGH = 100;

/**
 * What somebody else changed last, after the person's copy of a ticket; null if that is not known.
 * @param {Desk} desk
 * @param {import("./types.js").Row} row
 */
export async function othersChange(desk, row) {
  const params = { after: row.version, limit: LOOKED_THROUGH };
  const { data } = await get(`/tickets/${row.id}/timeline`, params);
  const isTheirs = (/** @type {Event} */ one) => one.actor_id !== desk.me.id && !isMessage(one);
  /** @type {Event | undefined} */
  const event = data.findLast(isTheirs);
  if (!event) return null;
  const people = [event.actor_id, event.kind === "assigned" ? event.data.to : null];
  const ids = people.filter((id) => id !== null);
  if (ids.length) desk.people.learn((await get("/people", { ids })).data);
  return changeSentence(desk, event);
}

/**
 * One line of what an event changed.
 * @param {Desk} desk
 * @param {Event} event
 */
export function changeSentence({ people, fields, teams }, event) {
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
    case "team_changed":
      return teamSentence(teams, name, event.data.to);
    case "skills_required":
      return t(`desk.event.skills_${event.data.to.length ? "required" : "cleared"}`, {
        name,
        skills: event.data.to.join(", "),
      });
    case "merged_into":
    case "unmerged":
    case "split_from":
    case "split_to":
      return t(`desk.event.${event.kind}`, { name });
    case "merged_from": {
      const { number, title, messages: count } = event.data;
      return t("desk.event.merged_from", { name, number, title, count });
    }
    case "snoozed":
      return t("desk.event.snoozed", { name, until: fullTime(event.data.until) });
    case "woke": {
      const by = ["clock", "customer"].includes(event.data.by) ? event.data.by : "person";
      return t(`desk.event.woke_${by}`, { name });
    }
    case "rated": {
      const { score, comment } = event.data;
      const key = comment ? "desk.event.rated_because" : "desk.event.rated";
      return t(key, { name, score, comment: comment ?? "" });
    }
    case "erased":
      return t(`desk.event.erased_${event.data.files_only ? "files" : "words"}`, { name });
    case "participants_changed":
      return participantsSentence(people, name, event.data);
    case "linked":
    case "unlinked": {
      const { number } = event.data;
      return t(`desk.event.${event.kind}`, { name, number, link: linkWord(event.data) });
    }
    case "assigned":
      return assignedSentence(people, name, event);
    default:
      return t("desk.event.other", { name, kind: String(/** @type {Event} */ (event).kind) });
  }
}

/**
 * The number of the other ticket that an event is about, where its sentence ends with that.
 * @param {Event} event
 */
export function otherTicket({ kind, data }) {
  switch (kind) {
    case "merged_into":
    case "unmerged":
    case "split_from":
    case "split_to":
      return data.number;
    default:
      return null;
  }
}

/**
 * @param {import("./people.js").People} people
 * @param {string} name
 * @param {{added: string[], removed: string[]}} changed
 */
function participantsSentence(people, name, { added, removed }) {
  const names = (/** @type {string[]} */ ids) => ids.map((id) => people.name(id)).join(", ");
  const key = added.length ? "added" : "removed";
  return t(`desk.event.participants_${key}`, { name, who: names(added.length ? added : removed) });
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
