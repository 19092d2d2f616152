/** Asks until when a ticket sleeps, or several. */

import { Dialog, html, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { snooze } from "../moves.js";
import { closeOverlay } from "../overlays.js";
import { Times } from "./times.js";

export function Snooze() {
  const desk = useDesk();
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
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
  return html`<${Dialog} title=${t("desk.do.snooze")} closeWord=${t("close")} onClose=${closeOverlay}>
    <${Times} form=${form} onChoose=${sleep} submitWord=${t("desk.do.snooze")}>
      <label for="snooze-note">${t("desk.snooze.note")}</label>
      <textarea id="snooze-note" name="note" rows="2" maxlength="10000" dir="auto"></textarea>
      <label class="check">
        <input type="checkbox" name="wake_on_reply" defaultChecked />
        ${t("desk.snooze.wake_on_reply")}
      </label>
    <//>
  <//>`;
}
