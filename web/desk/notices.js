/** What is said in passing: a change that was refused, one that can be undone. */

import { signal } from "@preact/signals";

/**
 * @typedef {object} Notice
 * @property {number} id
 * @property {string} text
 * @property {"plain" | "refused"} manner
 * @property {{label: string, run: () => unknown} | null} action
 */

const SHOWN_MS = 8000;
const MOST = 3;
let made = 0;

export const notices = signal(/** @type {Notice[]} */ ([]));

/**
 * @param {string} text
 * @param {{manner?: Notice["manner"], action?: Notice["action"], stays?: boolean}} [how] `stays`:
 *   until the person closes it
 */
export function say(text, { manner = "plain", action = null, stays = false } = {}) {
  const id = ++made;
  notices.value = [...notices.value, { id, text, manner, action }].slice(-MOST);
  if (!stays) setTimeout(() => dismiss(id), SHOWN_MS);
}

/** @param {number} id */
export function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
