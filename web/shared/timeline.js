// @ts-check
/** What happened on a ticket, without a live connection. */
import { get } from "./api.js";

/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */

/**
 * All of it after a number, the oldest first.
 * @param {string} ticketId
 * @param {number} [after]
 * @returns {Promise<TimelineEvent[]>}
 */
export async function timelineOf(ticketId, after = 0) {
  const events = [];
  let from = after;
  for (;;) {
    const { data, next } = await get(`/tickets/${ticketId}/timeline`, { after: from, limit: 200 });
    events.push(...data);
    if (!next) return events;
    from = data.at(-1).seq;
  }
}
