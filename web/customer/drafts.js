// @ts-check
/** What was begun and not sent is there again after a reload, for whom it belongs to. */
import { readJson, storage, tabStorage } from "../shared/storage.js";

/**
 * @param {string} userId
 * @param {string} what
 */
const keyOf = (userId, what) => `desk:draft:${userId}:${what}`;

/**
 * @param {string} userId
 * @param {string} what
 */
export const draft = (userId, what) => storage.getItem(keyOf(userId, what)) ?? "";

/**
 * An empty text is no draft.
 *
 * @param {string} userId
 * @param {string} what
 * @param {string} text
 */
export function keepDraft(userId, what, text) {
  if (text) storage.setItem(keyOf(userId, what), text);
  else storage.removeItem(keyOf(userId, what));
}

const SENT = "desk:sent";

/**
 * A form is on its way; what was begun in it is kept until a page of ours says that it came.
 *
 * @param {HTMLFormElement} form
 */
export function markSent(form) {
  const names = [...form.elements].flatMap((field) => field.getAttribute("name") ?? []);
  tabStorage.setItem(SENT, JSON.stringify([form.dataset.draft, ...names]));
}

/**
 * On a page of the reader's: what was sent is no draft any more, unless it came back.
 *
 * @param {string} userId
 */
export function forgetSent(userId) {
  const sent = readJson(tabStorage, SENT);
  if (!sent) return;
  const [what, ...names] = sent;
  tabStorage.removeItem(SENT);
  if (document.querySelector(`form[data-draft="${what}"]`)) return;
  for (const name of names) keepDraft(userId, `${what}:${name}`, "");
}
