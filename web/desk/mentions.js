/** Whom a text names with an `@`. */

/** @typedef {import("./types.js").Agent} Agent */

const MOST = 20;
/** A name that is being written, before the cursor. */
const BEGUN = /(?:^|[\s(])@([^@\n]{0,40})$/u;

/**
 * The ids of those colleagues. Of two names of which one goes on, the longer one is meant.
 * @param {string} text
 * @param {Agent[]} team
 * @param {string} me
 */
export function mentionedIn(text, team, me) {
  let left = text;
  const found = [];
  const byLength = [...team].sort((a, b) => b.full_name.length - a.full_name.length);
  for (const { full_name, user_id } of left.includes("@") ? byLength : []) {
    if (!left.includes(`@${full_name}`)) continue;
    left = left.replaceAll(`@${full_name}`, " ");
    if (user_id !== me) found.push(user_id);
  }
  return found.slice(0, MOST);
}

/**
 * What is written of a name up to the cursor; null where none is.
 * @param {string} text
 */
export const begunName = (text) => BEGUN.exec(text)?.[1] ?? null;

/**
 * Colleagues with a name in which some word begins so, or that begins so.
 * @param {string} begun
 * @param {Agent[]} team
 * @param {string} me
 */
export function offeredFor(begun, team, me) {
  const wanted = begun.toLocaleLowerCase();
  return team.filter(({ full_name, user_id }) => {
    const name = full_name.toLocaleLowerCase();
    return user_id !== me && (name.startsWith(wanted) || name.includes(` ${wanted}`));
  });
}
