/** The notifications of the person. */

import { fullTime, shortTime } from "../../shared/time.js";
import { Dialog, Hidden, html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { openTicket, ticketAddress } from "../place.js";
import { notificationSentence } from "../sayings.js";

export function Inbox() {
  const { notifications } = useDesk();
  const all = notifications.all.value;
  const next = notifications.next.value;
  return html`<${Dialog}
    title=${t("desk.notifications.title")}
    closeWord=${t("close")}
    onClose=${closeOverlay}
    class="inbox"
  >
    ${
      notifications.unread.value
        ? html`<button type="button" onClick=${() => notifications.markAllRead().catch(() => {})}>
          ${t("desk.notifications.read_all")}
        </button>`
        : null
    }
    ${all.length ? null : html`<p class="empty">${t("desk.notifications.none")}</p>`}
    <ul role="list" class="inbox-list">
      ${all.map((one) => html`<${One} key=${one.id} notification=${one} />`)}
    </ul>
    ${
      next
        ? html`<button type="button" onClick=${() => notifications.more().catch(() => {})}>
          ${t("desk.more_of_these")}
        </button>`
        : null
    }
  <//>`;
}

/** @param {{notification: import("../types.js").Notification}} props */
function One({ notification }) {
  const desk = useDesk();
  const { id, data, created_at, read_at } = notification;
  const number = Number(data.number);
  /** @param {Event} event */
  const open = (event) => {
    event.preventDefault();
    desk.notifications.markRead(id).catch(() => {});
    closeOverlay();
    openTicket(number);
  };
  return html`<li data-unread=${read_at ? "no" : "yes"}>
    <a href=${ticketAddress(number)} onClick=${open}>
      ${read_at ? null : html`<${Hidden}>${t("desk.unread")}: <//>`}
      <span>${notificationSentence(desk, notification)}</span>
      <span class="muted"><bdi>#${String(number)} ${String(data.title ?? "")}</bdi></span>
    </a>
    <time class="muted" datetime=${created_at} title=${fullTime(created_at)}>${shortTime(created_at)}</time>
  </li>`;
}
