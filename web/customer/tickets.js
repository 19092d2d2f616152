// @ts-check
/** The list of one's own tickets, live. */
import { get } from "../shared/api.js";
import { session } from "../shared/session.js";
import { shortTime } from "../shared/time.js";
import { computed, effect, html, render, signal } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { client, connection, stayConnected } from "./live.js";
import { begin, readerId } from "./page.js";
import { statusWord } from "./status.js";

/** @typedef {import("../../client/types.d.ts").TicketRow} Ticket */

const A_PAGE = 50;

/** @type {import("@preact/signals").Signal<Map<string, Ticket>>} */
const tickets = signal(new Map());
const ordered = computed(() =>
  [...tickets.value.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at)),
);

/** @param {Ticket} ticket */
function put(ticket) {
  const known = tickets.peek().get(ticket.id);
  if (known && known.version > ticket.version) return;
  tickets.value = new Map(tickets.peek()).set(ticket.id, ticket);
}

/** Staff hear of the tickets of others, too. @param {Ticket} ticket */
function hear(ticket) {
  const isOwn = ticket.user_id === readerId || tickets.peek().has(ticket.id);
  if (isOwn || session.value.user?.role === "user") put(ticket);
}

async function read() {
  const { data } = await get("/users/tickets", { sort: "-updated_at", limit: A_PAGE });
  for (const ticket of data) put(ticket);
}

function List() {
  if (!ordered.value.length) return html`<p class="empty">${t("customer.no_tickets")}</p>`;
  return html`<ul class="tickets" aria-labelledby="heading">
    ${ordered.value.map((ticket) => html`<${Row} key=${ticket.id} ticket=${ticket} />`)}
  </ul>`;
}

/** @param {{ticket: Ticket}} props */
function Row({ ticket }) {
  return html`<li>
    <a class="ticket" href="/tickets/${ticket.number}">
      <span class="title" dir="auto">${ticket.title}</span>
      ${
        ticket.last_message
          ? html`<span class="preview" dir="auto">${ticket.last_message.preview}</span>`
          : null
      }
      <span class="muted">
        #${ticket.number}${ticket.user_id === readerId ? "" : html` · <bdi>${ticket.customer.full_name}</bdi>`}
      </span>
      <span class="status status-${ticket.status}">${statusWord(ticket.status)}</span>
      ${
        ticket.unread
          ? html`<b class="unread">${t("customer.unread", { count: ticket.unread })}</b>`
          : null
      }
      <time datetime=${ticket.updated_at}>${shortTime(ticket.updated_at)}</time>
    </a>
  </li>`;
}

/** The newest page is live; what is older stays as it was read. */
function goLive() {
  const place = document.getElementById("live");
  if (!place || new URLSearchParams(location.search).has("cursor")) return;
  let isShown = false;
  stayConnected();
  effect(() => {
    client.value?.on("ticket_changed", hear);
    // In another tab, or on another device.
    client.value?.on("ticket_read", ({ ticket_id, unread }) => {
      const known = tickets.peek().get(ticket_id);
      if (known) put({ ...known, unread });
    });
  });
  effect(() => {
    if (!connection.value.isLive) return;
    read().then(
      () => {
        if (!isShown) place.replaceChildren();
        isShown = true;
        render(html`<${List} />`, place);
      },
      () => {}, // It is read again with the next connection.
    );
  });
}

await begin();
goLive();
