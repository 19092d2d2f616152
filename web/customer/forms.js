// @ts-check
/** Pages whose forms work by themselves: scripts keep what was begun. */
import { draft, keepDraft } from "./drafts.js";
import { begin, readerId } from "./page.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

/** @param {HTMLFormElement} form */
function keepDrafts(form) {
  const fields = [.../** @type {NodeListOf<Field>} */ (form.querySelectorAll("[required]"))];
  for (const field of fields) {
    const what = `${form.dataset.draft}:${field.name}`;
    field.value ||= draft(readerId, what);
    field.addEventListener("input", () => keepDraft(readerId, what, field.value));
  }
  form.addEventListener("submit", () => {
    for (const field of fields) keepDraft(readerId, `${form.dataset.draft}:${field.name}`, "");
  });
}

for (const form of document.querySelectorAll("form")) {
  if (form.dataset.draft && readerId) keepDrafts(form);
}
await begin();
