/** A form that asks for a time to come: one that is offered, or any. */

import { fullTime } from "../../shared/time.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { presets } from "../snooze_times.js";

/**
 * @param {object} props
 * @param {{current: HTMLFormElement | null}} props.form
 * @param {(at: Date) => void} props.onChoose
 * @param {string} props.submitWord
 * @param {import("preact").ComponentChildren} props.children what else it asks
 */
export function Times({ form, onChoose, submitWord, children }) {
  const [offered] = useState(() => presets(new Date()));
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (form.current) onChoose(new Date(String(new FormData(form.current).get("until"))));
  };
  return html`<form ref=${form} class="times" onSubmit=${submit}>
    <ul role="list" class="presets">
      ${offered.map(
        ({ name, at }) => html`<li key=${name}>
          <button type="button" onClick=${() => onChoose(at)}>
            ${t(`desk.snooze.${name}`)} <span class="muted">${fullTime(at.toISOString())}</span>
          </button>
        </li>`,
      )}
    </ul>
    <label for="until">${t("desk.snooze.until")}</label>
    <input id="until" name="until" type="datetime-local" required />
    ${children}
    <p class="message-actions"><button class="primary">${submitWord}</button></p>
  </form>`;
}
