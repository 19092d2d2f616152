// @ts-check
/** What was begun and not sent is there again after a reload, for whom it belongs to. */
import { keep, read } from "../shared/storage.js";

/**
 * @param {string} userId
 * @param {string} what
 */
const keyOf = (userId, what) => `desk:draft:${userId}:${what}`;

/**
 * @param {string} userId
 * @param {string} what
 */
export const draft = (userId, what) => read(keyOf(userId, what)) ?? "";

/**
 * @param {string} userId
 * @param {string} what
 * @param {string} text
 */
export const keepDraft = (userId, what, text) => keep(keyOf(userId, what), text);

const SENT = "desk:sent";

/**
 * A form is on its way; what was begun in it is kept until a page of ours says that it came.
 *
 * @param {HTMLFormElement} form
 */
export function markSent(form) {
  const names = [...form.elements].flatMap((field) => field.getAttribute("name") ?? []);
  sessionStorage.setItem(SENT, JSON.stringify([form.dataset.draft, ...names]));
}

/**
 * On a page of the reader's: what was sent is no draft any more, unless it came back.
 *
 * @param {string} userId
 */
export function forgetSent(userId) {
  const sent = sessionStorage.getItem(SENT);
  if (!sent) return;
  const [what, ...names] = JSON.parse(sent);
  sessionStorage.removeItem(SENT);
  if (document.querySelector(`form[data-draft="${what}"]`)) return;
  for (const name of names) keepDraft(userId, `${what}:${name}`, "");
}
