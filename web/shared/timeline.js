// @ts-check
/** What happened on a ticket, without a live connection. */
import { get } from "./api.js";

/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */

/**
 * All of it, the oldest first.
 * @param {string} ticketId
 * @returns {Promise<TimelineEvent[]>}
 */
export async function timelineOf(ticketId) {
  const events = [];
  let after = 0;
  for (;;) {
    const { data, next } = await get(`/tickets/${ticketId}/timeline`, { after, limit: 200 });
    events.push(...data);
    if (!next) return events;
    after = data.at(-1).seq;
  }
}
