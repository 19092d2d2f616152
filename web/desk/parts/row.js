/** One ticket in the list. It draws itself anew when its ticket changes, and no other row does. */

import { ago, fullTime } from "../../shared/time.js";
import { Hidden, html, Icon, useLayoutEffect, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { openTicket, ticketAddress } from "../place.js";
import { priorityWord, statusWord, viewerNames } from "../sayings.js";
import { Avatar } from "./avatar.js";

/** @typedef {import("../types.js").Row} TicketRow */

const MOST_TAGS = 3;

/** @param {{id: string, isStop: boolean, place: number, total: number, top: number, now: number}} props */
export function Row({ id, isStop, place, total, top, now }) {
  const desk = useDesk();
  const link = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  const row = desk.tickets.get(id)?.value;
  const isCursor = desk.cursor.value === id;
  const isOpen = desk.opened.value?.id === id;
  useLayoutEffect(() => {
    // Where a row had the focus, the next one has it.
    const hadFocus =
      document.activeElement?.closest(".rows") ?? document.activeElement === document.body;
    if (isCursor && hadFocus) link.current?.focus({ preventScroll: true });
  }, [isCursor]);
  if (!row) return null;
  const at = moment(row, desk.list.peek()?.query.sort);
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button) return;
    event.preventDefault();
    openTicket(row.number);
  };
  return html`<li
    class="row"
    aria-setsize=${total}
    aria-posinset=${place + 1}
    data-unread=${row.unread ? "yes" : "no"}
    data-open=${isOpen ? "yes" : "no"}
    onPointerEnter=${() => desk.ahead.want(id)}
    style=${{ transform: `translateY(${top}px)` }}
  >
    <${Select} row=${row} />
    <div class="row-line">
      <${Avatar} id=${row.user_id} name=${row.customer.full_name} />
      <bdi class="row-customer">${row.customer.full_name}</bdi>
      <${Present} id=${id} />
      <time class="muted" datetime=${at} title=${fullTime(at)}>${ago(at, now)}</time>
    </div>
    <div class="row-line">
      <a
        ref=${link}
        class="row-link"
        href=${ticketAddress(row.number)}
        aria-current=${isOpen ? "true" : undefined}
        tabindex=${isStop ? 0 : -1}
        onClick=${onClick}
        onFocus=${() => (desk.cursor.value = id)}
        ><span class="muted">#${row.number}</span> <bdi>${row.title}</bdi>${
          row.unread
            ? html`<${Hidden}>, ${t("desk.unread_count", { count: row.unread })}<//>`
            : null
        }</a
      >
      ${row.unread ? html`<span class="badge" aria-hidden="true">${row.unread}</span>` : null}
    </div>
    <div class="row-line">
      <${Preview} row=${row} />
      <${Labels} row=${row} />
    </div>
  </li>`;
}

/**
 * The time that the list is sorted by, so that it looks sorted; else of the last message.
 * @param {TicketRow} row
 * @param {unknown} sort
 */
function moment(row, sort) {
  const by = String(sort ?? "").replace("-", "");
  if (by === "updated_at" || by === "created_at") return row[by];
  return row.last_message?.at ?? row.created_at;
}

/** @param {{row: TicketRow}} props */
function Select({ row }) {
  const desk = useDesk();
  const isSelected = desk.selection.ids.value.has(row.id);
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    if (event.shiftKey) desk.selection.extend(desk.list.peek()?.shown ?? [], row.id);
    else desk.selection.toggle(row.id);
  };
  return html`<input
    type="checkbox"
    class="row-select"
    tabindex="-1"
    checked=${isSelected}
    aria-label=${t("desk.select.one", { number: String(row.number) })}
    onClick=${onClick}
  />`;
}

/** @param {{row: TicketRow}} props */
function Preview({ row }) {
  const desk = useDesk();
  if (desk.drafts.tickets.value.has(row.id)) {
    return html`<span class="row-preview"><strong class="draft">${t("desk.draft")}</strong></span>`;
  }
  const last = row.last_message;
  return html`<span class="row-preview muted">
    ${last?.by === "staff" ? html`<${Icon} name="check" /><${Hidden}>${t("desk.answered")}<//>` : null}
    <bdi>${last?.preview ?? t("desk.no_message")}</bdi>
  </span>`;
}

/** @param {{row: TicketRow}} props */
function Labels({ row }) {
  const desk = useDesk();
  const assignee = row.assigned_to_id
    ? (row.assignee?.full_name ?? desk.people.name(row.assigned_to_id))
    : null;
  return html`<span class="row-labels">
    ${row.status !== "open" ? html`<span class="label" data-status=${row.status}>${statusWord(row.status)}</span>` : null}
    ${row.snoozed_until ? html`<span class="label" title=${fullTime(row.snoozed_until)}>${t("desk.view.snoozed")}</span>` : null}
    ${row.priority ? html`<span class="label" data-priority=${row.priority}>${priorityWord(row.priority)}</span>` : null}
    ${row.tags.slice(0, MOST_TAGS).map((tag) => html`<span key=${tag} class="label"><bdi>${tag}</bdi></span>`)}
    </span>
    ${
      assignee
        ? html`<span class="row-assignee" title=${assignee}>
            <${Hidden}>${t("desk.field.assignee")}: ${assignee}<//>
            <${Avatar} id=${row.assigned_to_id} name=${assignee} />
          </span>`
        : null
    }`;
}

/** @param {{id: string}} props */
function Present({ id }) {
  const desk = useDesk();
  const { viewers, writing, idle } = desk.activity.of(id);
  const [writer] = writing;
  if (writer) {
    const name = desk.people.name(writer.user_id);
    return html`<span class="present writing"><${Icon} name="pen" /> ${t(writer.internal ? "desk.writes_note" : "desk.writes", { name })}</span>`;
  }
  if (!viewers.length) return null;
  const names = viewerNames(desk, viewers, idle);
  const isIdle = viewers.every((viewer) => idle.includes(viewer));
  return html`<span class="present muted" data-idle=${isIdle ? "yes" : "no"} title=${names}><${Icon} name="person" />${viewers.length}<${Hidden}> ${t("desk.looks", { names })}<//></span>`;
}
