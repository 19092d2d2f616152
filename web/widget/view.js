// @ts-check
/** What the frame shows: the form of a first message, or the conversation. */

import { adding, prepareAdding } from "../shared/adding.js";
import { Attachments } from "../shared/attachments.js";
import { Rating } from "../shared/rating.js";
import { linked } from "../shared/text.js";
import { clockTime, dayName, fullTime } from "../shared/time.js";
import { html, Icon, useEffect, useLayoutEffect, useMemo, useRef } from "../shared/ui.js";
import { t } from "../shared/words.js";
import {
  events,
  isKnown,
  isLive,
  isOpen,
  isReady,
  isWhole,
  isWriting,
  names,
  pending,
  say,
  sayAgain,
  ticket,
  writing,
} from "./conversation.js";
import { First } from "./first.js";
import { tellClose } from "./port.js";
import { accessToken, call } from "./visitor.js";

/** Nearer to its end than this, the log stays at its end. */
const NEAR = 80;

export function Widget() {
  return html`<header class="head">
      <h1>${t("widget.title")}</h1>
      <${Connection} />
      <button type="button" class="quiet" aria-label=${t("close")} onClick=${tellClose}>
        <${Icon} name="close" />
      </button>
    </header>
    ${isReady.value ? html`<${Shown} />` : html`<p class="rest muted">${t("loading")}</p>`}`;
}

function Shown() {
  return ticket.value ? html`<${Talk} />` : html`<${First} isKnown=${isKnown.value} />`;
}

/** Nothing to be said of before there is a conversation. */
function Connection() {
  const word = isLive.value ? t("connection.live") : t("connection.connecting");
  return html`<p role="status" aria-label=${t("connection")} class="muted">
    ${ticket.value && isOpen.value ? word : null}
  </p>`;
}

function Talk() {
  const { id, status } = /** @type {import("./visitor.js").Ticket} */ (ticket.value);
  return html`<${Log} />
    <p class="writing muted" role="status">
      ${writing.value ? t("widget.writing", { name: nameOf(writing.value) }) : null}
    </p>
    <${Rating} ticketId=${id} status=${status} ask=${call} />
    ${status === "closed" ? html`<${Closed} />` : html`<${Composer} key="composer" />`}`;
}

function Log() {
  const log = useRef(/** @type {HTMLElement | null} */ (null));
  const isAtEnd = useRef(true);
  const opening = /** @type {import("./visitor.js").Ticket} */ (ticket.value);
  useLayoutEffect(() => {
    const shown = log.current;
    if (shown && (isAtEnd.current || pending.value.length)) shown.scrollTop = shown.scrollHeight;
  }, [events.value, pending.value, isOpen.value]);
  const scrolled = () => {
    const shown = log.current;
    if (shown) isAtEnd.current = shown.scrollHeight - shown.scrollTop - shown.clientHeight < NEAR;
  };
  return html`<div
    ref=${log}
    class="log"
    role="log"
    tabindex="0"
    aria-label=${t("widget.conversation")}
    aria-busy=${isWhole.value ? "false" : "true"}
    onScroll=${scrolled}
  >
    <${Said} at=${opening.created_at} content=${opening.description} isMine=${true} />
    ${events.value.map((event) => html`<${Happened} key=${event.seq} event=${event} />`)}
    ${pending.value.map((one) => html`<${Unsent} key=${one.id} message=${one} />`)}
  </div>`;
}

/** @param {{event: import("./conversation.js").TimelineEvent}} props */
function Happened({ event }) {
  const { actor_id, at, data, kind } = event;
  if (kind === "message_posted") {
    const isMine = actor_id === ticket.peek()?.user_id;
    return html`<${Said}
      at=${at}
      content=${String(data.content)}
      files=${data.attachments}
      isMine=${isMine}
      by=${actor_id}
    />`;
  }
  const sentence = kind === "status_changed" ? STATUS[String(data.to)] : undefined;
  return sentence ? html`<p class="change muted">${sentence()}</p>` : null;
}

/** @type {Record<string, () => string>} */
const STATUS = {
  open: () => t("widget.status.open"),
  in_progress: () => t("widget.status.in_progress"),
  resolved: () => t("widget.status.resolved"),
  closed: () => t("widget.status.closed"),
};

/**
 * @param {object} props
 * @param {string} props.at
 * @param {string} props.content
 * @param {boolean} props.isMine
 * @param {import("./conversation.js").Info[]} [props.files]
 * @param {string | null} [props.by]
 */
function Said({ at, content, isMine, files, by = null }) {
  return html`<article class=${isMine ? "said mine" : "said"}>
    <header>
      <b>${isMine ? t("widget.you") : nameOf(by)}</b>
      <time datetime=${at} title=${fullTime(at)}>${dayName(at)}, ${clockTime(at)}</time>
    </header>
    <p dir="auto">${linked(content)}</p>
    <${Attachments} files=${files} />
  </article>`;
}

/** @param {{message: import("./conversation.js").Pending}} props */
function Unsent({ message }) {
  const hasFailed = message.state === "failed";
  return html`<article class="said mine unsent">
    <header>
      <b>${t("widget.you")}</b>
      <span>${hasFailed ? t("widget.failed") : t("widget.sending")}</span>
    </header>
    <p dir="auto">${message.content}</p>
    <${Attachments} files=${message.files} />
    ${
      hasFailed
        ? html`<button type="button" onClick=${() => sayAgain(message)}>
            ${t("widget.again")}
          </button>`
        : null
    }
  </article>`;
}

/** @param {string | null} id */
const nameOf = (id) => (id && names.value[id]) || t("widget.staff");

function Closed() {
  return html`<div class="rest">
    <p>${t("widget.closed")}</p>
    <button type="button" class="primary" onClick=${() => (ticket.value = null)}>
      ${t("widget.new")}
    </button>
  </div>`;
}

function Composer() {
  const { id } = /** @type {import("./visitor.js").Ticket} */ (ticket.value);
  const parts = adding.value;
  const uploads = useMemo(() => parts && new parts.Uploads(id, accessToken), [parts, id]);
  const box = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => void prepareAdding(), []);
  useEffect(() => {
    if (isOpen.value) box.current?.focus();
  }, [isOpen.value]);

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const text = box.current?.value.trim();
    if (!box.current || uploads?.isBusy || !(text || uploads?.files.peek().length)) return;
    const taken = uploads?.take() ?? [];
    say(text || (parts?.namesOf(taken) ?? ""), taken);
    box.current.value = "";
    box.current.focus();
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  }

  return html`<form class="composer" onSubmit=${submit} ...${uploads && parts?.fileListeners(uploads)}>
    ${uploads ? html`<${parts?.UploadList} uploads=${uploads} />` : null}
    <textarea
      ref=${box}
      rows="2"
      maxlength="10000"
      aria-label=${t("widget.message")}
      placeholder=${t("widget.message")}
      dir="auto"
      onKeyDown=${key}
      onInput=${isWriting}
    ></textarea>
    <div class="composer-foot">
      ${uploads ? html`<${parts?.AttachButton} uploads=${uploads} />` : null}
      <button class="primary" aria-disabled=${String(uploads?.isBusy ?? false)}>
        <${Icon} name="send" />${t("widget.send")}
      </button>
    </div>
  </form>`;
}
