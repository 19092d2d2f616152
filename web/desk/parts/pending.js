/** Messages that are not stored yet: held back, being sent, or refused. */

import { Attachments } from "../../shared/attachments.js";
import { html, Icon } from "../../shared/ui.js";
import { has, t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Avatar } from "./avatar.js";
import { Text } from "./entries.js";

/** @typedef {import("../outgoing.js").Message} Message */

/** @param {{outgoing: import("../outgoing.js").Outgoing}} props */
export const Pending = ({ outgoing }) =>
  outgoing.messages.value.map(
    (message) => html`<${One} key=${message.clientId} message=${message} outgoing=${outgoing} />`,
  );

/** @param {{message: Message, outgoing: import("../outgoing.js").Outgoing}} props */
function One({ message, outgoing }) {
  const desk = useDesk();
  const { clientId, content, kind, state } = message;
  return html`<article
    class="message"
    data-side=${kind === "note" ? "note" : "staff"}
    data-mine="yes"
    data-state=${state}
  >
    <header>
      <${Avatar} id=${desk.me.id} name=${desk.me.full_name} />
      <strong><bdi>${desk.me.full_name}</bdi></strong>
      ${kind === "note" ? html`<span class="label" data-note="yes">${t("desk.note")}</span>` : null}
      <${State} message=${message} />
    </header>
    <${Text} text=${content} />
    <${Attachments} files=${message.files} />
    ${state === "sending" ? null : html`<${Actions} clientId=${clientId} message=${message} outgoing=${outgoing} />`}
  </article>`;
}

/** @param {{message: Message}} props */
function State({ message: { state, code, detail } }) {
  const isOffline = useDesk().live.connection.value.state !== "live";
  if (state === "failed") {
    const key = `desk.message.failed.${code}`;
    return html`<span class="failed" role="alert">
      <${Icon} name="alert" /> ${t(has(key) ? key : "desk.message.failed")}
      ${detail && !has(key) ? html` <bdi>${detail}</bdi>` : null}
    </span>`;
  }
  if (state === "held") return html`<span class="muted">${t("desk.message.held")}</span>`;
  return html`<span class="muted">${t(isOffline ? "desk.message.waiting" : "desk.message.sending")}</span>`;
}

/** @param {{clientId: string, message: Message, outgoing: import("../outgoing.js").Outgoing}} props */
function Actions({ clientId, message, outgoing }) {
  const desk = useDesk();
  const takeBack = () => desk.opened.peek()?.takeBack(clientId);
  const isAnswered = message.code === "answered_meanwhile";
  const isHeld = message.state === "held";
  return html`<p class="message-actions">
    ${
      isHeld
        ? null
        : html`<button type="button" onClick=${() => outgoing.tryAgain(clientId)}>
          ${t(isAnswered ? "desk.send_anyway" : "desk.try_again")}
        </button>`
    }
    <button type="button" onClick=${takeBack}>
      ${t(isHeld ? "desk.message.undo" : "desk.message.edit")}
    </button>
  </p>`;
}
