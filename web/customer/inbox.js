// @ts-check
/** What happened on one's tickets while one was elsewhere. */
import { get, post } from "../shared/api.js";
import { ago, fullTime } from "../shared/time.js";
import { Dialog, html, Icon, render, signal } from "../shared/ui.js";
import { has, t } from "../shared/words.js";

/** @typedef {import("../../client/types.d.ts").Notification} Notification */

const A_PAGE = 20;

const unread = signal(0);
/** @type {import("@preact/signals").Signal<Notification[] | null>} null: not opened */
const shown = signal(null);

/** How many times it was told of new ones, or of read ones. */
let told = 0;

/** Asks how many are unread: once somebody is signed in, and after a lost connection. */
export async function countUnread() {
  const before = told;
  try {
    const { headers } = await get("/notifications", { unread: true, count: true, limit: 1 });
    // It may count what was told meanwhile, or not.
    if (told !== before) return countUnread();
    unread.value = Number(headers.get("X-Total-Count"));
  } catch {
    // It stays as it was until it is asked for again.
  }
}

/** There is a new one. */
export function hearNew() {
  told += 1;
  unread.value += 1;
}

/** Some were read, here or elsewhere. @param {{unread: number}} left */
export function hearRead(left) {
  told += 1;
  unread.value = left.unread;
}

export function showInbox() {
  const place = document.getElementById("inbox");
  if (place) render(html`<${Inbox} />`, place);
}

async function open() {
  countUnread();
  const { data } = await get("/notifications", { limit: A_PAGE });
  shown.value = data;
}

async function readAll() {
  await post("/notifications/read_all");
  unread.value = 0;
  await open();
}

function Inbox() {
  const count = unread.value;
  // The count stands beside the button: what is read aloud of that is its name.
  return html`<span class="bell">
      <button
        type="button"
        class="quiet"
        aria-haspopup="dialog"
        aria-label=${t("customer.notifications")}
        aria-describedby="inbox-count"
        onClick=${open}
      >
        <${Icon} name="bell" />
      </button>
      <b id="inbox-count" class="unread" hidden=${!count}>${count}</b>
    </span>
    ${shown.value ? html`<${List} notifications=${shown.value} />` : null}`;
}

/** @param {{notifications: Notification[]}} props */
function List({ notifications }) {
  const close = () => {
    shown.value = null;
  };
  return html`<${Dialog} title=${t("customer.notifications")} closeWord=${t("close")} onClose=${close}>
    ${
      notifications.length
        ? html`<ul class="notices">
            ${notifications.map((one) => html`<${Notice} key=${one.id} notification=${one} />`)}
          </ul>`
        : html`<p class="empty">${t("customer.no_notifications")}</p>`
    }
    ${
      unread.value
        ? html`<button type="button" onClick=${readAll}>${t("customer.read_all")}</button>`
        : null
    }
  <//>`;
}

/** @param {{notification: Notification}} props */
function Notice({ notification }) {
  const { kind, actor, data, created_at, read_at, ticket_id } = notification;
  const known = `customer.notice.${kind}`;
  const sentence = t(has(known) ? known : "customer.notice.other", {
    name: actor?.full_name ?? t("customer.support"),
  });
  return html`<li>
    <a href="/tickets/${ticket_id}" class=${read_at ? "read" : "new"}>
      <span>${sentence}: <bdi>${String(data.title ?? "")}</bdi></span>
    </a>${" "}
    <time datetime=${created_at} title=${fullTime(created_at)}>${ago(created_at)}</time>
  </li>`;
}
