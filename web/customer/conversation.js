// @ts-check
/** A ticket as its customer follows it: what happened, what is on its way, who is writing. */
import { get } from "../shared/api.js";
import { hearScan } from "../shared/attachments.js";
import { newKey } from "../shared/keys.js";
import { accessToken } from "../shared/session.js";
import { timelineOf } from "../shared/timeline.js";
import { batch, effect, signal } from "../shared/ui.js";
import { Uploads } from "../shared/uploads.js";
import { draft, keepDraft } from "./drafts.js";
import { client } from "./live.js";
import { readerId } from "./page.js";

/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */
/** @typedef {import("../../client/types.d.ts").Ticket} Ticket */
/** @typedef {import("../../client/types.d.ts").Field} Field */
/** @typedef {import("../shared/uploads.js").Info} Info */
/**
 * @typedef {{clientId: string, content: string, files: Info[], code: string}} Unsent `code`: why it
 *   was refused
 */

/** So many events are read at once. */
const A_PAGE = 200;

export class Conversation {
  /** @type {import("@preact/signals").Signal<TimelineEvent[]>} oldest first */
  events = signal([]);
  /** @type {import("@preact/signals").Signal<Ticket | null>} */
  ticket = signal(null);
  /** @type {import("@preact/signals").Signal<Unsent[]>} */
  unsent = signal([]);
  /** @type {import("@preact/signals").Signal<Map<string, string>>} names by id */
  people = signal(new Map());
  /** @type {import("@preact/signals").Signal<Map<string, Field>>} custom fields by their keys */
  fields = signal(new Map());
  /** @type {import("@preact/signals").Signal<{id: string, full_name: string}[]>} */
  onCopy = signal([]);
  /** @type {import("@preact/signals").Signal<Set<string>>} */
  writing = signal(new Set());
  /** @type {import("../../client/index.d.ts").Ticket | null} */
  #live = null;
  /** @type {TimelineEvent[]} what came since the last frame */
  #arrived = [];
  #last = 0;
  #toldRead = 0;
  #isAsking = false;

  /**
   * @param {string} id
   * @param {number} seq the ticket's newest number
   */
  constructor(id, seq) {
    this.id = id;
    this.uploads = new Uploads(id, accessToken);
    this.#last = Math.max(0, seq - A_PAGE);
    effect(() => {
      if (client.value) this.#join(client.value);
      else this.#live = null;
    });
  }

  /** @param {import("../../client/index.d.ts").DeskClient} connected */
  #join(connected) {
    const live = connected.ticket(this.id, { after: this.#last });
    this.#live = live;
    this.#toldRead = 0;
    live.on("event", (event) => this.#take(event));
    live.on("refused", ({ into }) => into && this.#goOn(into, into));
    live.on("live", ({ ticket }) => {
      this.#show();
      this.ticket.value = ticket;
      this.#showUnsent();
      this.#askForNames();
      this.#askWhoReads();
    });
    live.on("refused", ({ code }) => {
      // It is not theirs any more.
      if (code === "ticket_not_found") location.replace("/tickets");
    });
    live.on("typing", ({ user_id, active }) => {
      const writing = new Set(this.writing.peek());
      writing[active ? "add" : "delete"](user_id);
      this.writing.value = writing;
      this.#askForNames([user_id]);
    });
    connected.on("attachment_changed", hearScan);
    connected.on("ticket_changed", (ticket) => {
      const known = this.ticket.peek();
      if (known && ticket.id === this.id) this.ticket.value = { ...known, ...ticket };
    });
  }

  /** Drawn once a frame, however many come. @param {TimelineEvent} event */
  #take(event) {
    if (event.seq <= this.#last) return;
    this.#last = event.seq;
    this.#arrived.push(event);
    // What it was before is history by now, which may have been undone.
    if (this.ticket.peek() && event.kind === "merged_into")
      this.#goOn(event.data.ticket_id, event.data.number);
    // Joined already: what comes now comes one by one.
    if (this.ticket.peek() && this.#arrived.length === 1) requestAnimationFrame(() => this.#show());
  }

  /**
   * To the page of what the ticket was merged into, with what is being written.
   * @param {string} id
   * @param {string | number} name
   */
  #goOn(id, name) {
    const written = draft(readerId, this.id);
    if (written && !draft(readerId, id)) {
      keepDraft(readerId, id, written);
      keepDraft(readerId, this.id, "");
    }
    location.replace(`/tickets/${name}`);
  }

  #show() {
    const arrived = this.#arrived;
    if (!arrived.length) return;
    this.#arrived = [];
    const sent = new Set(arrived.map(({ data }) => "client_id" in data && data.client_id));
    batch(() => {
      this.events.value = [...this.events.peek(), ...arrived];
      this.unsent.value = this.unsent.peek().filter(({ clientId }) => !sent.has(clientId));
    });
    if (arrived.some(({ kind }) => kind === "erased")) this.#readAgain().catch(() => {});
    this.#askForFields(arrived);
    this.#askForNames(arrived.flatMap(({ actor_id }) => actor_id ?? []));
    if (this.ticket.peek() && arrived.some(({ kind }) => kind === "participants_changed")) {
      this.#askForNames();
      this.#askWhoReads();
    }
  }

  /** What an earlier page left behind is still on its way. */
  #showUnsent() {
    const known = new Set(this.unsent.peek().map(({ clientId }) => clientId));
    const left = (this.#live?.unsent ?? [])
      .filter(({ client_id }) => !known.has(client_id))
      .map(({ client_id, content }) => ({ clientId: client_id, content, files: [], code: "" }));
    if (left.length) this.unsent.value = [...this.unsent.peek(), ...left];
  }

  /** What was erased leaves the page, too. */
  async #readAgain() {
    const first = this.events.peek()[0]?.seq ?? 1;
    const [events, ticket] = await Promise.all([
      timelineOf(this.id, first - 1),
      get(`/users/tickets/${this.id}`),
    ]);
    const known = new Map(events.map((event) => [event.seq, event]));
    this.events.value = this.events.peek().map((event) => known.get(event.seq) ?? event);
    this.ticket.value = ticket.data;
    this.#askForNames();
  }

  get hasEarlier() {
    return (this.events.value[0]?.seq ?? 1) > 1;
  }

  /** Reads a page of what came before. */
  async readEarlier() {
    const first = this.events.peek()[0]?.seq ?? 1;
    const after = Math.max(0, first - 1 - A_PAGE);
    const { data } = await get(`/tickets/${this.id}/timeline`, { after, limit: first - 1 - after });
    this.events.value = [...data, ...this.events.peek()];
    this.#askForFields(data);
  }

  /**
   * @param {string} content
   * @param {Info[]} files
   * @param {string} [clientId] of the same message, where it is sent once more
   */
  send(content, files, clientId = newKey()) {
    const others = this.unsent.peek().filter((message) => message.clientId !== clientId);
    this.unsent.value = [...others, { clientId, content, files, code: "" }];
    const attachmentIds = files.map(({ id }) => id);
    this.#live?.send(content, { clientId, attachmentIds }).catch((error) => {
      // Ended with the session: it is sent once somebody is signed in again.
      if (error.code === "closed") return;
      this.unsent.value = this.unsent
        .peek()
        .map((message) =>
          message.clientId === clientId ? { ...message, code: error.code } : message,
        );
    });
  }

  /** @param {boolean} active */
  typing(active) {
    this.#live?.typing(active);
  }

  /** What is on the screen is read. It is said once: the next message would have to wait for it. */
  markRead() {
    if (!this.#live || this.#last <= this.#toldRead) return;
    this.#toldRead = this.#last;
    this.#live.markRead(this.#last);
  }

  /** As they are called now, where one of the events is about one. @param {TimelineEvent[]} events */
  async #askForFields(events) {
    const known = this.fields.peek();
    const isAbout = (/** @type {TimelineEvent} */ { kind, data }) =>
      kind === "fields_changed" &&
      Object.keys(data).some((key) => key !== "cause" && !known.has(key));
    if (!events.some(isAbout)) return;
    const { data } = await get("/fields").catch(() => ({ data: [] }));
    this.fields.value = new Map(data.map((/** @type {Field} */ field) => [field.key, field]));
  }

  /** Whether a merge was undone since. @param {import("../../client/types.d.ts").MergedFromEvent} merged */
  isUndone({ seq, data: { ticket_id } }) {
    return this.events.value.some(
      (one) => one.kind === "unmerged" && one.seq > seq && one.data.ticket_id === ticket_id,
    );
  }

  /** Who is named in the timeline of a ticket that is a part of this one. @param {string} id */
  async learnPeopleOf(id) {
    const { data } = await get(`/tickets/${id}/people`).catch(() => ({ data: [] }));
    this.#learn(data);
  }

  /** @param {{id: string, full_name: string}[]} people */
  #learn(people) {
    const names = people.map((one) => /** @type {const} */ ([one.id, one.full_name]));
    this.people.value = new Map([...this.people.peek(), ...names]);
  }

  async #askWhoReads() {
    const known = { data: this.onCopy.peek() };
    this.onCopy.value = (await get(`/tickets/${this.id}/participants`).catch(() => known)).data;
  }

  /** @param {string[]} [ids] only if one of them has no name yet */
  async #askForNames(ids) {
    const known = this.people.peek();
    const isUseless = ids?.every((id) => known.has(id) || id === readerId);
    if (isUseless || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { data } = await get(`/tickets/${this.id}/people`);
      this.#learn(data);
    } catch {
      // They are called "Support" until the next one comes.
    } finally {
      this.#isAsking = false;
    }
  }
}
