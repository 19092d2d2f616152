/** Skills, as people write them: with commas between. */

const LONGEST = 32;

/** @param {string} text */
export function listOf(text) {
  const all = text.split(",").map((one) => one.trim().slice(0, LONGEST));
  return [...new Set(all.filter(Boolean))];
}
