/** The entries of a timeline. Each is drawn once: an event does not change. */

import { Attachments } from "../../shared/attachments.js";
import { linked } from "../../shared/text.js";
import { clockTime, fullTime } from "../../shared/time.js";
import { html, useMemo } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { changeSentence, otherTicket } from "../change_sentence.js";
import { useDesk } from "../desk.js";
import { causeWord } from "../macros/sayings.js";
import { overlay } from "../overlays.js";
import { ticketAddress } from "../place.js";
import { Avatar } from "./avatar.js";

/** @typedef {import("../types.js").Event} Event */

/**
 * @param {{event: Event, opened: import("../opened.js").Opened, isPart?: boolean}} props `isPart`:
 *   of a ticket that was merged into the open one
 */
export function Message({ event, opened, isPart = false }) {
  const desk = useDesk();
  const { kind, actor_id, at, seq, data } = event;
  const isNote = kind === "note_posted";
  const name = desk.people.name(actor_id, t("desk.event.desk"));
  const side = isNote ? "note" : opened.isCustomer(actor_id) ? "customer" : "staff";
  const content = "content" in data ? data.content : "";
  const isMine = actor_id === desk.me.id;
  return html`<article class="message" data-side=${side} data-mine=${isMine ? "yes" : "no"}>
    <header>
      <${Avatar} id=${actor_id} name=${name} />
      <strong><bdi>${name}</bdi></strong>
      ${isNote ? html`<span class="label" data-note="yes">${t("desk.note")}</span>` : null}
      <time class="muted" datetime=${at} title=${fullTime(at)}>${clockTime(at)}</time>
      <${Cause} event=${event} />
      ${isMine && !isNote && !isPart ? html`<${Seen} opened=${opened} seq=${seq} />` : null}
      ${side === "customer" && !isPart ? html`<${SplitOff} ticketId=${opened.id} seq=${seq} text=${content} />` : null}
    </header>
    ${"erased" in data ? html`<p class="muted">${t("erased")}</p>` : html`<${Text} text=${content} />`}
    <${Attachments} files=${"attachments" in data ? data.attachments : []} />
  </article>`;
}

/** @param {{ticketId: string, seq: number, text: string}} props */
function SplitOff({ ticketId, seq, text }) {
  const ask = () => {
    overlay.value = { name: "split", ticketId, seq, text };
  };
  return html`<button type="button" class="quiet split-off" onClick=${ask}>${t("desk.split.ask")}</button>`;
}

/** @param {{text: string}} props */
export function Text({ text }) {
  const parts = useMemo(() => linked(text), [text]);
  return html`<p class="text" dir="auto">${parts}</p>`;
}

/**
 * Whether the customer has read it.
 * @param {{opened: import("../opened.js").Opened, seq: number}} props
 */
function Seen({ opened, seq }) {
  const customer = opened.row.value?.user_id ?? "";
  const isRead = (opened.reads.value[customer] ?? 0) >= seq;
  return isRead ? html`<span class="muted seen">${t("desk.seen")}</span>` : null;
}

/** @param {{event: Event}} props */
export function Change({ event }) {
  const desk = useDesk();
  const other = otherTicket(event);
  return html`<p class="change muted" dir="auto">
    ${changeSentence(desk, event)}${" "}
    ${other ? html`<a href=${ticketAddress(other)}>#${other}</a>${" "}` : null}
    <time datetime=${event.at} title=${fullTime(event.at)}>${clockTime(event.at)}</time>
    ${" "}<${Cause} event=${event} />
  </p>`;
}

/** @param {{event: Event}} props */
function Cause({ event }) {
  const word = causeWord(useDesk(), event);
  return word ? html`<span class="muted">· <bdi>${word}</bdi></span>` : null;
}

/** What the customer wrote when they opened the ticket. */
export function Opening(/** @type {{opened: import("../opened.js").Opened}} */ { opened }) {
  const row = opened.row.value;
  if (!row) return null;
  return html`<article class="message" data-side="customer">
    <header>
      <${Avatar} id=${row.user_id} name=${row.customer.full_name} />
      <strong><bdi>${row.customer.full_name}</bdi></strong>
      <time class="muted" datetime=${row.created_at} title=${fullTime(row.created_at)}>
        ${clockTime(row.created_at)}
      </time>
    </header>
    ${
      row.description === undefined
        ? html`<p class="muted">${t("loading")}</p>`
        : html`<${Text} text=${row.description} />`
    }
  </article>`;
}
