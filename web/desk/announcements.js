/** What is read aloud to those who do not see it; a burst in one sentence. */

import { signal } from "@preact/signals";
import { t } from "../shared/words.js";

const GATHER_MS = 400;
const LONGEST = 200;

export const announced = signal("");

/** @type {string[]} */
let waiting = [];

/** @param {string} text */
export function announce(text) {
  waiting.push(text);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const [first = ""] = waiting;
    const count = waiting.length;
    announced.value = count > 1 ? t("desk.new_messages", { count }) : first.slice(0, LONGEST);
    waiting = [];
  }, GATHER_MS);
}
