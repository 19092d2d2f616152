/** The timeline: history and live in one log, which moves only as the reader moves it. */

import { dayName } from "../../shared/time.js";
import { html, Icon, useLayoutEffect, useMemo, useRef, useSignal } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { itemsOf } from "../log_items.js";
import { isMessage } from "../opened.js";
import { Change, Message, Opening } from "./entries.js";
import { Merged } from "./merged.js";
import { Pending } from "./pending.js";
import { useReading } from "./reading.js";

/** So near to the end it counts as being there. */
const NEAR = 60;
/** So near to the beginning older history is fetched. */
const FAR_UP = 300;
/** At its end the log is not longer than that, or only its newest part stays. */
const MOST_DRAWN = 500;
const STAY = 200;

/** @param {{opened: import("../opened.js").Opened}} props */
export function Log({ opened }) {
  const desk = useDesk();
  const log = useRef(/** @type {HTMLDivElement | null} */ (null));
  const isAtEnd = useSignal(true);
  const below = useSignal(0);
  const events = opened.timeline.events.value;
  const isLive = opened.timeline.isLive.value;
  const readTo = opened.readTo.value;
  const failure = opened.failure.value;
  const row = opened.row.value;
  const isWhole = isLive && opened.timeline.before === 0;
  const items = useMemo(
    () => itemsOf(events, { readTo, me: desk.me.id, isWhole, openedAt: row?.created_at ?? "" }),
    [events, readTo, isWhole, row?.created_at],
  );
  const drawn = useRef(/** @type {WeakMap<object, any>} */ (new WeakMap())).current;
  useScroll(log, opened, isAtEnd, below);
  useReading(opened, isAtEnd);
  const onScroll = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = log.current ?? {};
    isAtEnd.value = scrollHeight - scrollTop - clientHeight < NEAR;
    if (isAtEnd.peek()) {
      below.value = 0;
      if (opened.timeline.events.peek().length > MOST_DRAWN) opened.timeline.trim(STAY);
    }
    if (scrollTop < FAR_UP && isLive) opened.loadOlder();
  };
  const toEnd = () => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  };
  if (failure)
    return html`<p class="empty" role="alert">${t("desk.log.refused", { code: failure })}</p>`;
  return html`<div class="log-frame">
    <div
      class="log"
      role="log"
      aria-live="off"
      aria-label=${t("desk.timeline")}
      aria-busy=${String(!isLive)}
      tabindex="0"
      ref=${log}
      onScroll=${onScroll}
    >
      ${isLive ? null : html`<p class="empty">${t("loading")}</p>`}
      ${isLive && !isWhole ? html`<${Older} opened=${opened} />` : null}
      ${items.map((item) => drawnOnce(drawn, item, opened))}
      <${Pending} outgoing=${opened.outgoing} />
    </div>
    ${
      below.value
        ? html`<button type="button" class="pill below" onClick=${toEnd}>
          ${t("desk.below", { count: below.value })}
        </button>`
        : null
    }
  </div>`;
}

/** @param {{opened: import("../opened.js").Opened}} props */
function Older({ opened }) {
  const isLoading = opened.isLoadingOlder.value;
  return html`<button type="button" class="older" disabled=${isLoading} onClick=${() => opened.loadOlder()}>
    <${Icon} name="clock" /> ${t(isLoading ? "loading" : "desk.older")}
  </button>`;
}

/**
 * An event does not change: what was drawn of it is not even compared.
 * @param {WeakMap<object, any>} drawn
 * @param {import("../log_items.js").Item} item
 * @param {import("../opened.js").Opened} opened
 */
function drawnOnce(drawn, item, opened) {
  const event = "event" in item ? item.event : null;
  const known = event && drawn.get(event);
  if (known) return known;
  const node = html`<${Item} key=${item.key} item=${item} opened=${opened} />`;
  if (event) drawn.set(event, node);
  return node;
}

/** @param {{item: import("../log_items.js").Item, opened: import("../opened.js").Opened}} props */
function Item({ item, opened }) {
  if (item.type === "day")
    return html`<h2 class="day"><time datetime=${item.at}>${dayName(item.at)}</time></h2>`;
  if (item.type === "unread")
    return html`<p class="unread-marker" data-unread-marker>${t("desk.unread_marker")}</p>`;
  if (item.type === "opening") return html`<${Opening} opened=${opened} />`;
  if (item.type === "change") {
    const { event } = item;
    if (event.kind === "merged_from") return html`<${Merged} event=${event} opened=${opened} />`;
    return html`<${Change} event=${event} />`;
  }
  return html`<${Message} event=${item.event} opened=${opened} />`;
}

/**
 * Opens at the first unread, else at the end; stays at the end if it was there; and stays where it
 * is while older ones come above.
 * @param {{current: HTMLDivElement | null}} log
 * @param {import("../opened.js").Opened} opened
 * @param {import("@preact/signals").Signal<boolean>} isAtEnd
 * @param {import("@preact/signals").Signal<number>} below
 */
function useScroll(log, opened, isAtEnd, below) {
  const events = opened.timeline.events.value;
  const outgoing = opened.outgoing.messages.value.length;
  const isLive = opened.timeline.isLive.value;
  // It may come later than the rest.
  const isDescribed = opened.row.value?.description !== undefined;
  const before = useRef({ first: 0, last: 0, outgoing: 0, height: 0, isOpen: false });
  useLayoutEffect(() => {
    const element = log.current;
    if (!element || !isLive) return;
    const was = before.current;
    const [first, last] = [events[0]?.seq ?? 0, events.at(-1)?.seq ?? 0];
    const isMine = outgoing > was.outgoing;
    if (!was.isOpen) scrollToBegin(element);
    else if (first < was.first) element.scrollTop += element.scrollHeight - was.height;
    else if (isAtEnd.peek() || isMine) element.scrollTop = element.scrollHeight;
    else if (last > was.last) {
      const { me } = opened.desk;
      const isNew = (/** @type {import("../types.js").Event} */ event) =>
        event.seq > was.last && isMessage(event) && event.actor_id !== me.id;
      below.value += events.filter(isNew).length;
    }
    before.current = { first, last, outgoing, height: element.scrollHeight, isOpen: true };
    if (isAtEnd.peek() && events.length > MOST_DRAWN) opened.timeline.trim(STAY);
  }, [events, outgoing, isLive, isDescribed]);
  useLayoutEffect(() => {
    const element = log.current;
    if (!element) return;
    // The composer grew, or the window changed.
    const observer = new ResizeObserver(() => {
      if (isAtEnd.peek()) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}

/** @param {HTMLElement} element */
function scrollToBegin(element) {
  const marker = element.querySelector("[data-unread-marker]");
  element.scrollTop = element.scrollHeight;
  if (!(marker instanceof HTMLElement)) return;
  const offset = marker.getBoundingClientRect().top - element.getBoundingClientRect().top;
  if (offset < 0) element.scrollTop += offset - NEAR / 2;
}
