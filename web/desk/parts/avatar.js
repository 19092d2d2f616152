/** A person's initials in a circle of a colour of their own: found again at a glance. */

import { html } from "../../shared/ui.js";

const TONES = 6;
const letters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The name stands beside it: nobody reads it aloud.
 * @param {{id: string | null, name: string}} props
 */
export function Avatar({ id, name }) {
  return html`<span class="avatar" data-tone=${toneOf(id ?? name)} aria-hidden="true">${initials(name)}</span>`;
}

/**
 * The first letters of the first and the last word.
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => first(word ?? "").toLocaleUpperCase()).join("");
}

/** @param {string} word */
const first = (word) => letters.segment(word)[Symbol.iterator]().next().value?.segment ?? "";

/** @param {string} key */
function toneOf(key) {
  let sum = 0;
  for (const letter of key) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_536;
  return sum % TONES;
}
