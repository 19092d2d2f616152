/** The ticket that is open: its timeline, who is there, and what is being sent. */

import { batch, computed, signal } from "@preact/signals";
import { adding } from "../shared/adding.js";
import { get } from "../shared/api.js";
import { accessToken } from "../shared/session.js";
import { NEAR_THE_END } from "./ahead.js";
import { announce } from "./announcements.js";
import { goOn } from "./merging.js";
import { Outgoing } from "./outgoing.js";
import { compose } from "./overlays.js";
import { Timeline } from "./store/timeline.js";
import { TicketPeople } from "./ticket_people.js";

/** @typedef {import("./types.js").Event} Event */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("../../client/types.d.ts").Viewer} Viewer */
/** @typedef {import("./desk.js").Desk} Desk */

/** So much older history is fetched at once. */
const OLDER = 100;

/** @param {Event} event */
export const isMessage = ({ kind }) => kind === "message_posted" || kind === "note_posted";

export class Opened {
  timeline = new Timeline();
  viewers = signal(/** @type {Viewer[]} */ ([]));
  /** Who types, by id. */
  writing = signal(/** @type {ReadonlySet<string>} */ (new Set()));
  /** How far others have read, by id. */
  reads = signal(/** @type {Record<string, number>} */ ({}));
  /** What this person had read when the ticket was opened; null until that is known. */
  readTo = signal(/** @type {number | null} */ (null));
  failure = signal(/** @type {string | null} */ (null));
  isLoadingOlder = signal(false);
  /** The macro that goes with what is written as one kind. */
  macro = signal(/** @type {import("./outgoing.js").Chosen | null} */ (null));
  /** Whether the live connection has brought all that there was. */
  isJoined = signal(false);

  /** @type {import("./live.js").Handle | null} */ #handle = null;
  /** @type {(() => void)[]} */ #stops = [];
  /** @type {Partial<Record<Kind, import("../shared/uploads.js").Uploads>>} */ #uploads = {};
  #toldRead = 0;
  #isLeft = false;
  /** Whose words went, of which some may be shown. @type {string | null} */ #erased = null;

  /**
   * @param {Desk} desk
   * @param {string} id
   */
  constructor(desk, id) {
    this.desk = desk;
    this.id = id;
    this.outgoing = new Outgoing(this);
    this.people = new TicketPeople(id, desk.me.id);
    this.row = computed(() => desk.tickets.get(id)?.value ?? null);
    this.#showKnown(desk.ahead.take(id));
    this.join();
  }

  /** The handle of the live connection: of the new one, after signing in again. */
  join() {
    const row = this.desk.tickets.peek(this.id);
    const after = this.timeline.last || Math.max(0, (row?.seq ?? 0) - NEAR_THE_END);
    const handle = this.desk.live.ticket(this.id, after);
    if (!handle || this.#isLeft) return;
    for (const stop of this.#stops) stop();
    this.#handle = handle;
    this.#stops = [
      handle.on("event", (event) => this.#hear(event)),
      handle.on("live", (joined) => this.#joined(joined)),
      handle.on("refused", ({ code, into }) => {
        if (into) goOn(this.desk, this.id, into).catch(() => {});
        else this.failure.value = code;
      }),
      handle.on("presence", ({ viewers }) => this.#seeViewers(viewers)),
      handle.on("typing", (typing) => this.#seeTyping(typing)),
      handle.on("read", ({ user_id, seq }) => {
        this.reads.value = { ...this.reads.peek(), [user_id]: seq };
      }),
    ];
    this.outgoing.resume();
  }

  leave() {
    this.#isLeft = true;
    for (const stop of this.#stops) stop();
    this.#handle?.leave();
    this.#handle = null;
  }

  get handle() {
    return this.#handle;
  }

  /** Files that are being added; null until that can be done. @param {Kind} kind */
  uploads(kind) {
    const parts = adding.value;
    if (parts) this.#uploads[kind] ??= new parts.Uploads(this.id, accessToken);
    return this.#uploads[kind] ?? null;
  }

  /** A page of older history. */
  async loadOlder() {
    const { before } = this.timeline;
    if (!before || this.isLoadingOlder.peek()) return;
    this.isLoadingOlder.value = true;
    try {
      const after = Math.max(0, before - OLDER);
      const params = { after, limit: before - after };
      const { data } = await get(`/tickets/${this.id}/timeline`, params);
      this.timeline.prepend(data);
    } catch {
      // Scrolling on asks again.
    } finally {
      this.isLoadingOlder.value = false;
    }
  }

  /** What is on the screen is read. */
  markRead() {
    const seq = this.timeline.last;
    if (seq <= this.#toldRead || !this.isJoined.peek() || !this.#handle) return;
    this.#toldRead = seq;
    this.#handle.markRead(seq);
    this.desk.tickets.read(this.id, 0);
    this.desk.notifications.seen(this.id).catch(() => {});
  }

  /**
   * The person's mark moves back, so that what has this number is unread.
   * @param {number} seq
   */
  unread(seq) {
    this.#toldRead = Number.POSITIVE_INFINITY;
    this.readTo.value = seq - 1;
  }

  /**
   * Who writes, and what: of the staff that is told by the desk, as a note is not the customer's.
   * @returns {{id: string, internal: boolean}[]}
   */
  get writers() {
    const { writing } = this.desk.activity.of(this.id);
    const staff = writing.filter(({ user_id }) => !this.isCustomer(user_id));
    const customers = [...this.writing.value].filter((id) => this.isCustomer(id));
    return [
      ...customers.map((id) => ({ id, internal: false })),
      ...staff.map(({ user_id: id, internal }) => ({ id, internal })),
    ];
  }

  /** Whether somebody is its customer, or one on copy. @param {string | null} id */
  isCustomer(id) {
    if (!id) return false;
    return id === this.row.value?.user_id || this.desk.people.person(id)?.role === "user";
  }

  /** The number of the newest message by somebody else. */
  get lastOfOthers() {
    const isTheirs = (/** @type {Event} */ event) =>
      isMessage(event) && event.actor_id !== this.desk.me.id;
    return this.timeline.events.peek().findLast(isTheirs)?.seq ?? null;
  }

  /**
   * A message that is held or was refused comes back into the field that it was written in.
   * @param {string} clientId
   */
  takeBack(clientId) {
    const { drafts } = this.desk;
    const back = this.outgoing.takeBack(clientId);
    if (!back) return;
    const isNames = back.files.length > 0 && back.content === adding.peek()?.namesOf(back.files);
    const said = isNames ? "" : back.content;
    const written = drafts.get(this.id, back.kind)?.content;
    const text = written ? `${said}\n\n${written}` : said;
    this.uploads(back.kind)?.putBack(back.files);
    if (back.macro) this.macro.value = { macro: back.macro, kind: back.kind };
    drafts.replace(this.id, back.kind, text, this.timeline.last);
    compose(back.kind);
  }

  /** Messages by others after a number that everyone may read. @param {number} seq */
  publicSince(seq) {
    return this.timeline.events.value.filter(
      (event) =>
        event.seq > seq && event.kind === "message_posted" && event.actor_id !== this.desk.me.id,
    );
  }

  /** @param {Event} event */
  #hear(event) {
    this.timeline.take(event);
    this.outgoing.hear(event);
    if (event.kind === "erased") this.#erased = event.data.user_id;
    if (this.isJoined.peek()) {
      this.#readErased();
      this.#announce(event);
      this.people.hear(event);
      // What it was before that is history by now, which may have been undone.
      if (event.kind === "merged_into")
        goOn(this.desk, this.id, event.data.ticket_id).catch(() => {});
    }
    if (isMessage(event) && event.actor_id)
      this.#seeTyping({ user_id: event.actor_id, active: false });
  }

  /** What one writes oneself is not read aloud. @param {Event} event */
  #announce(event) {
    if (event.actor_id === this.desk.me.id || !("content" in event.data)) return;
    announce(`${this.desk.people.name(event.actor_id, "")}: ${event.data.content}`);
  }

  /** @param {import("../../client/types.d.ts").Joined} joined */
  #joined({ ticket, reads }) {
    batch(() => {
      this.failure.value = null;
      const byId = Object.fromEntries(reads.map(({ user_id, seq }) => [user_id, seq]));
      this.reads.value = { ...this.reads.peek(), ...byId };
      if (this.readTo.peek() === null) {
        const mine = byId[this.desk.me.id] ?? 0;
        this.readTo.value = ticket.unread ? mine : ticket.seq;
      }
      this.desk.tickets.put(ticket);
      this.#seeViewers(this.#handle?.viewers ?? []);
      this.timeline.live();
      this.isJoined.value = true;
    });
    this.#readErased();
    this.desk.openedIsThere();
  }

  /** What is shown may have words that are gone. */
  #readErased() {
    const whose = this.#erased;
    if (!whose) return;
    this.#erased = null;
    import("./erased.js").then(({ readAgain }) => readAgain(this, whose)).catch(() => {});
  }

  /** Draws what is known already, before the connection has brought the rest. @param {Event[]} events */
  #showKnown(events) {
    if (!events.length) return;
    const row = this.desk.tickets.peek(this.id);
    const theirs = events.filter((one) => isMessage(one) && one.actor_id !== this.desk.me.id);
    const unread = row?.unread ? theirs.at(-row.unread) : null;
    if (row && (unread || !row.unread)) this.readTo.value = unread ? unread.seq - 1 : row.seq;
    for (const event of events) this.timeline.take(event);
    this.timeline.live();
  }

  /** @param {Viewer[]} viewers */
  #seeViewers(viewers) {
    this.desk.people.learn(
      viewers.map(({ user_id: id, full_name, role }) => ({ id, full_name, role })),
    );
    this.viewers.value = viewers.filter(({ user_id }) => user_id !== this.desk.me.id);
  }

  /** @param {{user_id: string, active: boolean}} typing */
  #seeTyping({ user_id, active }) {
    const writing = new Set(this.writing.peek());
    if (active === writing.has(user_id)) return;
    if (active) writing.add(user_id);
    else writing.delete(user_id);
    this.writing.value = writing;
  }
}
