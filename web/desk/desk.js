/** All that the console holds of one signed-in person, beside what is drawn. */

import { signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { del, get, post, put } from "../shared/api.js";
import { serverTime } from "../shared/http.js";
import { storage } from "../shared/storage.js";
import { t } from "../shared/words.js";
import { Activity } from "./activity.js";
import { Ahead } from "./ahead.js";
import { Bulk } from "./bulk.js";
import { Changes } from "./changes.js";
import { Customers } from "./customers.js";
import { notifyDesktop } from "./desktop.js";
import { Drafts } from "./drafts.js";
import { Live } from "./live.js";
import { neighbour } from "./moves.js";
import { say } from "./notices.js";
import { Notifications } from "./notifications.js";
import { isMessage, Opened } from "./opened.js";
import { People } from "./people.js";
import { notificationSentence } from "./sayings.js";
import { Selection } from "./selection.js";
import { Tickets } from "./store/tickets.js";
import { Views } from "./store/views.js";
import { Team } from "./team.js";
import { Teams } from "./teams.js";

/** For the last message, among changes. */
const LOOKED_THROUGH = 50;

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("../../client/types.d.ts").Profile} Profile */

export class Desk {
  people = new People();
  customers = new Customers();
  notifications = new Notifications();
  activity = new Activity();
  selection = new Selection();
  /** The ticket that is open. */
  opened = signal(/** @type {Opened | null} */ (null));
  /** Why there is none at this address. */
  missing = signal(/** @type {"not_found" | "offline" | null} */ (null));
  /** The row that the keys are at. */
  cursor = signal(/** @type {string | null} */ (null));
  /** The list on the screen. */
  list = signal(/** @type {import("./store/view.js").View | null} */ (null));

  /** @type {string | null} */ #release = null;
  #number = 0;
  /** Those of the list that are drawn. @type {string[]} */ #rows = [];

  /** @param {Profile} me */
  constructor(me) {
    this.me = me;
    this.people.learn([me]);
    this.team = new Team(me.id, this.people);
    this.teams = new Teams(me.id);
    this.tickets = new Tickets((id) => this.opened.peek()?.id === id);
    this.ahead = new Ahead(this.tickets);
    this.changes = new Changes(this);
    this.bulk = new Bulk(this);
    this.live = new Live(this.#listeners(), (since) => this.#isBack(since));
    this.views = new Views(this.tickets, me.id, get, () => this.#watch());
    this.drafts = new Drafts(storage, me.id, {
      put: async (ticketId, draft, version) => {
        const headers = version ? { "If-Match": `"${version}"` } : undefined;
        return (await put(`/tickets/${ticketId}/draft`, draft, headers)).data;
      },
      remove: (ticketId, kind) => del(`/tickets/${ticketId}/draft?kind=${kind}`),
      get: async (ticketId) => (await get(`/tickets/${ticketId}/draft`)).data,
      all: async () => (await get("/csr/drafts", { limit: 100 })).data,
    });
  }

  /** Connects and reads what every page shows; again after signing in again. */
  start() {
    this.live.open();
    this.opened.peek()?.join();
    this.views.load();
    this.#refresh();
  }

  stop() {
    this.live.close();
  }

  /**
   * Opens the ticket with this number, at once where it is known.
   * @param {number} number
   */
  async open(number) {
    if (this.#number === number && !this.missing.peek()) return;
    this.#number = number;
    this.missing.value = null;
    const known = this.tickets.numbered(number)?.peek();
    if (known) {
      this.#show(known.id);
      return;
    }
    this.close(false);
    try {
      const { data } = await get(`/csr/tickets/${number}`);
      this.tickets.put(data);
      if (this.#number === number) this.#show(data.id);
    } catch (error) {
      const isOffline = /** @type {{isOffline?: boolean}} */ (error).isOffline;
      if (this.#number === number) this.missing.value = isOffline ? "offline" : "not_found";
    }
  }

  close(isForGood = true) {
    if (isForGood) this.#number = 0;
    this.opened.peek()?.leave();
    this.opened.value = null;
  }

  /**
   * The last message by somebody else is unread again, and what came after it.
   * @param {string[]} ids
   */
  async markUnread(ids) {
    for (const id of ids) {
      const opened = this.opened.peek()?.id === id ? this.opened.peek() : null;
      const seq = opened ? opened.lastOfOthers : await this.#lastOfOthers(id);
      if (!seq) continue;
      opened?.unread(seq);
      await post(`/tickets/${id}/unread`, { seq }).catch(() => {});
    }
  }

  /** @param {string} id */
  async #lastOfOthers(id) {
    const seq = this.tickets.peek(id)?.seq ?? 0;
    const params = { after: Math.max(0, seq - LOOKED_THROUGH), limit: LOOKED_THROUGH };
    const { data } = await get(`/tickets/${id}/timeline`, params);
    return data.findLast(
      (/** @type {import("./types.js").Event} */ event) =>
        isMessage(event) && event.actor_id !== this.me.id,
    )?.seq;
  }

  /** What was sent and can be taken back, else the last change. */
  async undo() {
    const opened = this.opened.peek();
    const held = opened?.outgoing.lastHeld;
    if (opened && held) opened.takeBack(held.clientId);
    else await this.changes.undo();
  }

  /**
   * The rows on the screen: only of these it is told who looks and who writes.
   * @param {string[]} ids
   */
  showRows(ids) {
    this.#rows = ids;
    this.#watch();
  }

  /** The next one of the list may be wanted soon. */
  openedIsThere() {
    this.ahead.want(neighbour(this, 1));
  }

  /**
   * Who made the newest change after the person's copy of a ticket.
   * @param {Row} row
   */
  async whoChanged(row) {
    const { data } = await get(`/tickets/${row.id}/timeline`, { after: row.version, limit: 100 });
    const id = data.findLast(
      (/** @type {import("./types.js").Event} */ { actor_id }) => actor_id !== this.me.id,
    )?.actor_id;
    return id ? this.#named(id) : null;
  }

  /** @param {string} id */
  async #named(id) {
    if (!this.people.person(id)) this.people.learn((await get("/people", { ids: [id] })).data);
    return this.people.person(id)?.full_name ?? null;
  }

  /** @param {string} id */
  #show(id) {
    this.opened.peek()?.leave();
    const customer = this.tickets.peek(id)?.customer;
    if (customer) this.people.learn([customer]);
    this.opened.value = new Opened(this, id);
    this.cursor.value = id;
    this.#watch();
    this.drafts.fetch(id);
  }

  /** @returns {import("./live.js").Listeners} */
  #listeners() {
    return {
      ticket_changed: (row) => this.tickets.put(row),
      notification: (one) => this.#notify(one),
      ticket_read: ({ ticket_id, unread }) => this.tickets.read(ticket_id, unread),
      notifications_read: ({ ids, unread }) => this.notifications.read(ids, unread),
      view_counts: (counts) => this.views.count(counts),
      activity: (activity) => this.activity.hear(activity, this.me.id),
      agents_changed: (agents) => this.team.changed(agents),
      draft_changed: (changed) => this.drafts.hear(changed),
      not_sent: (message) => this.#notSent(message),
      release: ({ version }) => this.#hearRelease(version),
    };
  }

  /**
   * What another page left, and was refused: the text goes back to where it was written.
   * @param {import("../../client/index.d.ts").NotSent} message
   */
  #notSent({ ticket_id, content, internal }) {
    const kind = internal ? "note" : "reply";
    const written = this.drafts.get(ticket_id, kind)?.content;
    const text = written ? `${content}\n\n${written}` : content;
    this.drafts.replace(ticket_id, kind, text, this.tickets.peek(ticket_id)?.seq ?? 0);
    say(t("desk.message.returned"), { manner: "refused" });
  }

  /** @param {import("./types.js").Notification} one */
  #notify(one) {
    this.notifications.hear(one);
    notifyDesktop(`${notificationSentence(this, one)}: ${String(one.data.title ?? "")}`, {
      ticketId: one.ticket_id,
      number: Number(one.data.number) || null,
      isInSight: this.opened.peek()?.id === one.ticket_id,
    });
  }

  /** The server runs other pages than this one. @param {string} version */
  #hearRelease(version) {
    const isOther = this.#release !== null && this.#release !== version;
    this.#release = version;
    if (!isOther) return;
    const action = { label: t("desk.reload"), run: () => location.reload() };
    say(t("desk.outdated"), { action });
  }

  /** @param {number} since */
  #isBack(since) {
    if (this.missing.peek() === "offline") this.open(this.#number);
    this.people.askAgain();
    this.views.catchUp(serverTime(since));
    this.views.load();
    this.#refresh();
  }

  #refresh() {
    this.team.load().catch(() => {});
    this.teams.load().catch(() => {});
    this.notifications.load().catch(() => {});
    this.drafts.load().catch(() => {});
  }

  #watch() {
    this.activity.show(this.#rows, this.opened.peek()?.id ?? null);
    this.live.watch(this.views.watched, this.activity.rows.peek());
  }
}

export const DeskContext = createContext(/** @type {Desk | null} */ (null));

/** @returns {Desk} */
export function useDesk() {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("There is no desk above this component");
  return desk;
}
