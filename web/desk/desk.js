/** All that the console holds of one signed-in person, beside what is drawn. */

import { signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { ApiError, del, get, post, put } from "../shared/api.js";
import { hearScan } from "../shared/attachments.js";
import { serverTime } from "../shared/http.js";
import { storage } from "../shared/storage.js";
import { t } from "../shared/words.js";
import { Activity } from "./activity.js";
import { Ahead } from "./ahead.js";
import { Bulk } from "./bulk.js";
import { Changes } from "./changes.js";
import { CustomFields } from "./custom_fields.js";
import { Customers } from "./customers.js";
import { notifyDesktop } from "./desktop.js";
import { Drafts } from "./drafts.js";
import { Live } from "./live.js";
import { neighbour } from "./moves.js";
import { say } from "./notices.js";
import { Notifications } from "./notifications.js";
import { isMessage, Opened } from "./opened.js";
import { People } from "./people.js";
import { openTicket } from "./place.js";
import { notificationSentence } from "./sayings.js";
import { Selection } from "./selection.js";
import { Tickets } from "./store/tickets.js";
import { Views } from "./store/views.js";
import { Team } from "./team.js";
import { Teams } from "./teams.js";

/** For the last message, among changes. */
const LOOKED_THROUGH = 50;
/** A ticket that could not be read is asked for again so soon. */
const RETRY_MS = 2000;
/** Once a list has not moved for so long, it is asked who looks at its rows. */
const RESTS_MS = 150;

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("../../client/types.d.ts").Profile} Profile */

export class Desk {
  people = new People();
  customers = new Customers();
  fields = new CustomFields();
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
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** Those of the list that are drawn. @type {string[]} */ #rows = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #resting;

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
    this.live = new Live(this.#listeners(), (since, isBack) => this.#readUntold(since, isBack));
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
    // The list waits for the views, and all else for the list.
    this.views.load().then(() => this.#refresh());
    this.live.open();
    this.opened.peek()?.join();
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
    if (this.#number !== number) this.missing.value = null;
    this.#number = number;
    const known = this.tickets.numbered(number)?.peek();
    if (known && !known.merged_into_id) {
      this.#show(known.id);
      return;
    }
    this.close(false);
    try {
      const { data } = await get(`/csr/tickets/${number}`);
      this.tickets.put(data);
      if (this.#number !== number || this.opened.peek()) return;
      // What a ticket was merged into has an address of its own.
      if (data.number === number) this.#show(data.id);
      else openTicket(data.number);
    } catch (error) {
      if (this.#number === number && !this.opened.peek()) this.#isMissing(error);
    }
  }

  /** @param {unknown} error why the ticket at this address cannot be shown: most of it passes */
  #isMissing(error) {
    const status = error instanceof ApiError ? error.status : 0;
    this.missing.value = status === 404 ? "not_found" : "offline";
    clearTimeout(this.#retry);
    if (status && status < 429) return;
    this.#retry = setTimeout(() => {
      if (this.missing.peek() === "offline") this.open(this.#number);
    }, RETRY_MS);
  }

  close(isForGood = true) {
    if (isForGood) {
      this.#number = 0;
      this.missing.value = null;
    }
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
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#watch(), RESTS_MS);
  }

  /** The next one of the list may be wanted soon. */
  openedIsThere() {
    this.ahead.want(neighbour(this, 1));
  }

  /** @param {string} id */
  #show(id) {
    this.opened.peek()?.leave();
    this.missing.value = null;
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
      idle: (idle) => this.activity.hearIdle(idle),
      agents_changed: (agents) => this.team.changed(agents),
      draft_changed: (changed) => this.drafts.hear(changed),
      attachment_changed: hearScan,
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
    say(t("desk.outdated"), { action, stays: true });
  }

  /**
   * @param {number} since
   * @param {boolean} isBack after a lost connection
   */
  #readUntold(since, isBack) {
    this.views.catchUp(serverTime(since));
    if (!isBack) return;
    if (this.missing.peek() === "offline") this.open(this.#number);
    this.people.askAgain();
    this.views.load();
    this.#refresh();
  }

  #refresh() {
    this.team.load().catch(() => {});
    this.fields.load().catch(() => {});
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
