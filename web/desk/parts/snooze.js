/** Asks until when a ticket sleeps, or several. */

import { fullTime } from "../../shared/time.js";
import { Dialog, html, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { snooze } from "../moves.js";
import { closeOverlay } from "../overlays.js";
import { presets } from "../snooze_times.js";

export function Snooze() {
  const desk = useDesk();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [offered] = useState(() => presets(new Date()));
  /** @param {Date} at */
  const sleep = (at) => {
    if (!form.current) return;
    const given = new FormData(form.current);
    const note = String(given.get("note")).trim();
    closeOverlay();
    snooze(desk, {
      until: at.toISOString(),
      wake_on_reply: given.has("wake_on_reply"),
      ...(note && { note }),
    });
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (form.current) sleep(new Date(String(new FormData(form.current).get("until"))));
  };
  return html`<${Dialog} title=${t("desk.do.snooze")} closeWord=${t("close")} onClose=${closeOverlay}>
    <form ref=${form} class="snooze-form" onSubmit=${submit}>
      <ul role="list" class="presets">
        ${offered.map(
          ({ name, at }) => html`<li key=${name}>
            <button type="button" onClick=${() => sleep(at)}>
              ${t(`desk.snooze.${name}`)} <span class="muted">${fullTime(at.toISOString())}</span>
            </button>
          </li>`,
        )}
      </ul>
      <label for="snooze-until">${t("desk.snooze.until")}</label>
      <input id="snooze-until" name="until" type="datetime-local" required />
      <label for="snooze-note">${t("desk.snooze.note")}</label>
      <textarea id="snooze-note" name="note" rows="2" maxlength="10000" dir="auto"></textarea>
      <label class="check">
        <input type="checkbox" name="wake_on_reply" defaultChecked />
        ${t("desk.snooze.wake_on_reply")}
      </label>
      <p class="message-actions"><button class="primary">${t("desk.do.snooze")}</button></p>
    </form>
  <//>`;
}
