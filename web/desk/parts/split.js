/** A ticket of its own for a message. */

import { post } from "../../shared/api.js";
import { Dialog, html, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { openTicket } from "../place.js";
import { reason } from "../reasons.js";

const LONGEST_TITLE = 200;
const SUGGESTED = 80;

/** @param {{ticketId: string, seq: number, text: string}} props */
export function Split({ ticketId, seq, text }) {
  const desk = useDesk();
  const id = useId();
  const [title, setTitle] = useState(text.trim().split("\n")[0]?.slice(0, SUGGESTED) ?? "");
  const [failure, setFailure] = useState("");
  const go = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    try {
      const asked = { from_seq: seq, title };
      const { data } = await post(`/csr/tickets/${ticketId}/split`, asked);
      desk.tickets.put(data);
      closeOverlay();
      openTicket(data.number);
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return html`<${Dialog} title=${t("desk.split.title")} closeWord=${t("close")} onClose=${closeOverlay}>
    <p>${t("desk.split.will")}</p>
    <blockquote class="text" dir="auto">${text}</blockquote>
    <form onSubmit=${go}>
      <div class="field">
        <label for=${id}>${t("desk.split.name")}</label>
        <input
          id=${id}
          type="text"
          required
          autocomplete="off"
          maxlength=${LONGEST_TITLE}
          value=${title}
          onInput=${(/** @type {any} */ input) => setTitle(input.currentTarget.value)}
        />
      </div>
      ${failure ? html`<p class="failed" role="alert">${failure}</p>` : null}
      <p class="message-actions">
        <button class="primary">${t("desk.split.go")}</button>
        <button type="button" onClick=${closeOverlay}>${t("desk.many.cancel")}</button>
      </p>
    </form>
  <//>`;
}
