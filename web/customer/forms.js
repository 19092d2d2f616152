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

/**
 * Fields of some tickets are asked for where the category is theirs.
 *
 * @param {HTMLFormElement} form
 */
function showByCategory(form) {
  const category = /** @type {HTMLSelectElement | null} */ (form.querySelector("#category"));
  const boxes = /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-category]"));
  if (!category || !boxes.length) return;
  const show = () => {
    for (const box of boxes) {
      box.hidden = box.dataset.category !== category.value;
      for (const field of /** @type {NodeListOf<Field>} */ (
        box.querySelectorAll("input, select, textarea")
      ))
        field.disabled = box.hidden;
    }
  };
  category.addEventListener("change", show);
  show();
}

for (const form of document.querySelectorAll("form")) {
  if (form.dataset.draft && readerId) keepDrafts(form);
  showByCategory(form);
}
await begin();
