/** Which dialog is open over the page. */

import { signal } from "@preact/signals";

/** @typedef {"assignee" | "status" | "priority" | "category" | "tags" | "team"} Field */
/**
 * @typedef {{name: "help" | "notifications" | "settings" | "save_view" | "change_view" | "snooze"}
 *   | {name: "why" | "merge" | "remind", ticketId: string}
 *   | {name: "split", ticketId: string, seq: number, text: string}
 *   | {name: "many", change: import("./bulk.js").ManyChange}
 *   | {name: "palette", field?: Field}} Overlay
 */

export const overlay = signal(/** @type {Overlay | null} */ (null));

export const closeOverlay = () => {
  overlay.value = null;
};

/** Where writing is to begin, until it does. */
export const composing = signal(/** @type {import("./types.js").Kind | null} */ (null));

/** @param {import("./types.js").Kind} kind */
export const compose = (kind) => {
  composing.value = kind;
};

/** How often the search was asked for. */
export const searching = signal(0);
