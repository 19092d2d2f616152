/** Asks when a person wants to be reminded of a ticket, which nobody else learns. */

import { put } from "../../shared/api.js";
import { fullTime } from "../../shared/time.js";
import { Dialog, html, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { say } from "../notices.js";
import { closeOverlay } from "../overlays.js";
import { reason } from "../reasons.js";
import { Times } from "./times.js";

/** @param {{ticketId: string}} props */
export function Remind({ ticketId }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [error, setError] = useState("");
  /** @param {Date} time */
  const remind = async (time) => {
    if (!form.current) return;
    const note = String(new FormData(form.current).get("note")).trim();
    const at = time.toISOString();
    try {
      await put(`/tickets/${ticketId}/reminder`, { at, ...(note && { note }) });
    } catch (refused) {
      setError(reason(refused));
      return;
    }
    closeOverlay();
    say(t("desk.reminded", { at: fullTime(at) }));
  };
  return html`<${Dialog} title=${t("desk.do.remind")} closeWord=${t("close")} onClose=${closeOverlay}>
    <${Times} form=${form} onChoose=${remind} submitWord=${t("desk.do.remind")}>
      ${error ? html`<p class="error" role="alert">${error}</p>` : null}
      <label for="remind-note">${t("desk.remind.note")}</label>
      <input id="remind-note" name="note" maxlength="200" dir="auto" autocomplete="off" />
    <//>
  <//>`;
}
