/** The fields of forms that are sent as a whole. */

import { html, useEffect, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { fetchLabels } from "../labels.js";

/** @typedef {[value: string, label: string][]} Options */

/** The categories and tags that tickets have; none until they are there. */
export function useLabels() {
  const [labels, setLabels] = useState({
    categories: /** @type {string[]} */ ([]),
    tags: /** @type {string[]} */ ([]),
  });
  useEffect(() => void fetchLabels().then(setLabels, () => {}), []);
  return labels;
}

/** @param {{name: string, label: string, value: unknown, among?: string[], required?: boolean}} props */
export function Text({ name, label, value, among = [], required = false }) {
  const id = useId();
  const list = `${id}-known`;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} name=${name} type="text" dir="auto" autocomplete="off" maxlength="200" list=${among.length ? list : undefined} required=${required} autofocus=${required} defaultValue=${value} />
    ${
      among.length
        ? html`<datalist id=${list}>${among.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>`
        : null
    }
  </div>`;
}

/** @param {{name: string, label: string, value: unknown, options: Options}} props */
export function Choice({ name, label, value, options }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select id=${id} name=${name}>
      ${options.map(
        ([one, word]) =>
          html`<option key=${one} value=${one} defaultSelected=${one === value}>${word}</option>`,
      )}
    </select>
  </div>`;
}

/** @param {{onClick: () => void}} props */
export function Remove({ onClick }) {
  const [isSure, setSure] = useState(false);
  return html`<button type="button" onClick=${() => (isSure ? onClick() : setSure(true))}>
    ${t(isSure ? "desk.view_form.sure" : "desk.view_form.remove")}
  </button>`;
}
