// @ts-check
/** One ticket, live. */

import { get, post } from "../shared/api.js";
import { Attachments } from "../shared/attachments.js";
import { Rating } from "../shared/rating.js";
import { linked } from "../shared/text.js";
import { dayKey, dayName, fullTime, shortTime } from "../shared/time.js";
import { effect, html, render, useLayoutEffect, useRef } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { Closing, Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { draft } from "./drafts.js";
import { connection, stayConnected } from "./live.js";
import { Merged } from "./merged.js";
import { begin, readerId } from "./page.js";
import { nameOf, sentenceOf } from "./sentences.js";
import { statusWord } from "./status.js";
import { countInTitle } from "./title.js";

/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */
/** @typedef {import("../../client/types.d.ts").Ticket} Ticket */

/** This near to the page's end, it follows what comes. In pixels. */
const NEAR = 160;

/** @param {{conversation: Conversation, begun: string}} props */
function TicketPage({ conversation, begun }) {
  const ticket = conversation.ticket.value;
  if (!ticket) return null;
  return html`<header class="subject">
      <h1 dir="auto">${ticket.title}</h1>
      <p>
        <span class="muted">#${ticket.number}</span>${" "}
        <span class="status status-${ticket.status}">${statusWord(ticket.status)}</span>
      </p>
      <p class="muted">${turn(ticket)}</p>
      <${Readers} conversation=${conversation} ticket=${ticket} />
    </header>
    <${Log} conversation=${conversation} ticket=${ticket} />
    <${Rating} ticketId=${ticket.id} status=${ticket.status} ask=${ask} />
    ${ticket.status === "resolved" ? html`<p class="closed">${t("customer.resolved")}</p>` : null}
    ${
      ticket.status === "closed"
        ? html`<p class="closed">
            ${t("customer.closed")} <a href="/tickets/new">${t("customer.new")}</a>
          </p>`
        : html`<${Composer} key="composer" conversation=${conversation} begun=${begun} />
            <${Closing} number=${ticket.number} />`
    }`;
}

/** @type {(method: "GET" | "POST", path: string, body?: object) => Promise<any>} */
const ask = async (method, path, body) =>
  (await (method === "GET" ? get(path) : post(path, body))).data;

/** Who else reads along. @param {{conversation: Conversation, ticket: Ticket}} props */
function Readers({ conversation, ticket }) {
  const others = [ticket.customer, ...conversation.onCopy.value].filter(
    ({ id }) => id !== readerId,
  );
  if (!others.length) return null;
  const names = others.map(({ full_name }) => full_name).join(", ");
  return html`<p class="muted">${t("customer.readers", { names })}</p>`;
}

/** What happens next. @param {Ticket} ticket */
function turn({ waiting_on, assignee }) {
  if (waiting_on === "customer") return t("customer.turn.customer");
  if (waiting_on === null) return "";
  return assignee
    ? t("customer.turn.assignee", { name: assignee.full_name })
    : t("customer.turn.staff");
}

/** @param {{conversation: Conversation, ticket: Ticket}} props */
function Log({ conversation, ticket }) {
  const events = conversation.events.value;
  const unsent = conversation.unsent.value;
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    // Where one writes stays in sight.
    if (isAtEnd.current && events.length) scrollTo({ top: document.documentElement.scrollHeight });
    if (document.visibilityState === "visible") conversation.markRead();
  }, [events.at(-1)?.seq, unsent.length]);
  const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
  isAtEnd.current = scrollHeight - clientHeight - scrollTop < NEAR;

  let day = conversation.hasEarlier ? "" : dayKey(ticket.created_at);
  return html`${
    conversation.hasEarlier
      ? html`<button class="earlier" onClick=${() => conversation.readEarlier()}>
          ${t("customer.earlier")}
        </button>`
      : null
  }
    <div class="log" role="log" aria-label=${t("customer.conversation")}>
      ${
        conversation.hasEarlier
          ? null
          : html`<h2 class="day">${dayName(ticket.created_at)}</h2>
              <${Message} key="0" at=${ticket.created_at} author=${authorOf(ticket)} text=${ticket.description} />`
      }
      ${events.map((event) => {
        const isNewDay = dayKey(event.at) !== day;
        day = dayKey(event.at);
        return html`${isNewDay ? html`<h2 class="day" key="day ${day}">${dayName(event.at)}</h2>` : null}
          <${Happened} key=${event.seq} event=${event} conversation=${conversation} />`;
      })}
      ${unsent.map(
        (message) =>
          html`<${Unsent} key=${message.clientId} message=${message} conversation=${conversation} />`,
      )}
    </div>
    <p class="writing" aria-live="polite">${writers(conversation)}</p>`;
}

/** Who opened it; empty: the reader. @param {Ticket} ticket */
const authorOf = ({ user_id, customer }) => (user_id === readerId ? "" : customer.full_name);

/** @param {Conversation} conversation */
function writers(conversation) {
  const [writer] = [...conversation.writing.value].filter((id) => id !== readerId);
  return writer ? t("customer.typing", { name: nameOf(conversation, writer) }) : "";
}

/** @param {{event: TimelineEvent, conversation: Conversation}} props */
function Happened({ event, conversation }) {
  if (event.kind === "message_posted") {
    const isOwn = event.actor_id === readerId;
    const author = isOwn ? "" : nameOf(conversation, event.actor_id);
    return html`<${Message} at=${event.at} author=${author}
      text=${event.data.erased ? t("erased") : event.data.content}
      files=${event.data.attachments} />`;
  }
  if (event.kind === "merged_from" && !conversation.isUndone(event))
    return html`<${Merged} event=${event} conversation=${conversation} Entry=${Happened} />`;
  const sentence = sentenceOf(event, conversation);
  if (!sentence) return null;
  return html`<p class="change">
    ${sentence} <time datetime=${event.at} title=${fullTime(event.at)}>${shortTime(event.at)}</time>
  </p>`;
}

/**
 * @param {object} props `author` empty: the reader
 * @param {string} props.at
 * @param {string} props.author
 * @param {string} props.text
 * @param {import("./conversation.js").Info[]} [props.files]
 */
function Message({ at, author, text, files }) {
  return html`<article class=${author ? "message" : "message own"}>
    <header>
      <b>${author || t("customer.you")}</b>${" "}
      <time datetime=${at} title=${fullTime(at)}>${shortTime(at)}</time>
    </header>
    <p class="text" dir="auto">${linked(text)}</p>
    <${Attachments} files=${files} />
  </article>`;
}

/** @param {{message: import("./conversation.js").Unsent, conversation: Conversation}} props */
function Unsent({ message, conversation }) {
  const { content, files, clientId, code } = message;
  const waits = connection.value.isLive ? t("customer.sending") : t("customer.waiting");
  return html`<article class="message own unsent">
    <header><b>${t("customer.you")}</b></header>
    <p class="text" dir="auto">${linked(content)}</p>
    <${Attachments} files=${files} />
    ${
      code
        ? html`<p class="failed" role="alert">
            ${t("customer.not_sent")}${" "}
            <button onClick=${() => conversation.send(content, files, clientId)}>
              ${t("customer.again")}
            </button>
          </p>`
        : html`<p class="muted">${waits}</p>`
    }
  </article>`;
}

/** Takes the page over once the history is in; until then its form works by itself. */
function goLive() {
  const place = document.getElementById("live");
  if (!place?.dataset.ticket) return;
  const conversation = new Conversation(place.dataset.ticket, Number(place.dataset.seq));
  stayConnected();
  countInTitle(conversation);
  const stop = effect(() => {
    if (!conversation.ticket.value) return;
    queueMicrotask(() => stop());
    const field = /** @type {HTMLTextAreaElement | null} */ (place.querySelector("#content"));
    const hadFocus = field !== null && field === document.activeElement;
    const begun = field?.value || draft(readerId, conversation.id);
    place.replaceChildren();
    render(html`<${TicketPage} conversation=${conversation} begun=${begun} />`, place);
    if (hadFocus) document.getElementById("content")?.focus();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") conversation.markRead();
  });
}

await begin();
goLive();
