// @ts-check
/** Pages whose forms work by themselves: scripts keep what was begun. */
import { draft, keepDraft, markSent } from "./drafts.js";
import { begin, readerId } from "./page.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} Field */

/** @param {HTMLFormElement} form */
function keepDrafts(form) {
  for (const field of /** @type {NodeListOf<Field>} */ (form.querySelectorAll("[required]"))) {
    const what = `${form.dataset.draft}:${field.name}`;
    field.value = field.value || draft(readerId, what);
    field.addEventListener("input", () => keepDraft(readerId, what, field.value));
  }
  form.addEventListener("submit", () => markSent(form));
}

for (const form of document.querySelectorAll("form")) {
  if (form.dataset.draft && readerId) keepDrafts(form);
}
await begin();
