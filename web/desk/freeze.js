/** After a key nothing moves in the list for a while. */

const AFTER_KEY_MS = 2000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {import("./store/view.js").View | null} list */
export function freezeForKey(list) {
  list?.freeze("key");
  clearTimeout(timer);
  timer = setTimeout(() => list?.thaw("key"), AFTER_KEY_MS);
}
