/** What a timeline shows: days, messages, changes, and where the unread begins. */

import { dayKey } from "../shared/time.js";
import { isMessage } from "./opened.js";

/** @typedef {import("./types.js").Event} Event */
/**
 * @typedef {{key: string, type: "day", at: string}
 *   | {key: string, type: "unread"}
 *   | {key: string, type: "opening", at: string}
 *   | {key: string, type: "message" | "change", event: Event}} Item
 */

/**
 * @param {Event[]} events
 * @param {{readTo: number | null, me: string, isWhole: boolean, openedAt: string}} how `isWhole`: the
 *   ticket's own text stands before the first event
 * @returns {Item[]}
 */
export function itemsOf(events, { readTo, me, isWhole, openedAt }) {
  /** @type {Item[]} */
  const items = [];
  let day = "";
  let isMarked = readTo === null;
  /** @param {string} at */
  const beginDay = (at) => {
    const key = dayKey(at);
    if (key !== day) items.push({ key: `day ${key} ${items.length}`, type: "day", at });
    day = key;
  };
  if (isWhole) {
    beginDay(openedAt);
    items.push({ key: "opening", type: "opening", at: openedAt });
  }
  for (const event of events) {
    const { seq, at, kind, actor_id } = event;
    // The ticket's own text says that it was opened.
    if (kind === "ticket_created" && isWhole) continue;
    beginDay(at);
    if (!isMarked && isMessage(event) && seq > (readTo ?? 0) && actor_id !== me) {
      isMarked = true;
      items.push({ key: "unread", type: "unread" });
    }
    items.push({ key: `event ${seq}`, type: isMessage(event) ? "message" : "change", event });
  }
  return items;
}
