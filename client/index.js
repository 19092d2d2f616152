import { io as connect } from "socket.io-client";
import { checkedId, checkedIds, checkedMessage, checkedNumber } from "./checks.js";
import { DeskError, Emitter, isStale, passes, pauses, sleep } from "./emitter.js";
import { Outbox } from "./outbox.js";
import { Session } from "./session.js";
import { Shelf } from "./shelf.js";
import { Standing } from "./standing.js";
import { SafeStorage } from "./storage.js";
import { Ticket } from "./ticket.js";

export { DeskError, Ticket };

const PATIENCE = 10_000;
const OF_TICKETS = ["presence", "typing", "read"];
const OF_PEOPLE = [
  "ticket_changed", "notification", "ticket_read", "notifications_read", "draft_changed",
  "view_counts", "activity", "idle", "agents_changed",
];

/**
 * A connection to the desk that comes back by itself. Events: `connected` (`{again, since}`),
 * `disconnected` (a reason), `release` (`{version}`: what runs there), those of `OF_PEOPLE`,
 * `unsent` (`{ticket_id}`: what waits to be sent there is another now), `not_sent` (a message that
 * another page left or wrote, and that is refused), `storage_failed` (`{name}`, once), `signed_out`
 * (`{code}`: for good).
 */
export class DeskClient extends Emitter {
  #session;
  #socket;
  #outbox;
  #person = null;
  #tickets = new Map();
  #isOver = false;
  #pauses = pauses();
  #retry;
  #renewal;
  /** Whether the last token was refused. */
  #isRefused = false;
  /** When the server was heard last, by the wall clock. */
  #heardAt = null;
  #standing;

  /** @param {import("./index.d.ts").Options} options */
  constructor(options) {
    super();
    const { url, io = connect, socket = {} } = options;
    const storage = options.storage && new SafeStorage(options.storage, (e) => this.#noStorage(e));
    this.#session = new Session({ ...options, storage, url: url.replace(/\/$/, "") });
    this.#outbox = new Outbox(this.#link(), new Shelf({ ...options, storage }));
    this.#standing = new Standing(this.#link());
    if (options.tokens) this.#belongTo(this.#session.person);
    this.#socket = io(new URL("/tickets", url).href, {
      forceNew: true,
      reconnectionDelay: 100,
      reconnectionDelayMax: 3000,
      timeout: PATIENCE,
      ...socket,
      auth: (give) => this.#authenticate(give),
    });
    this.#listen();
  }

  get isConnected() {
    return this.#socket.connected;
  }

  /** The ticket's handle, the same one until it is left; it joins by itself. */
  ticket(id, { after = 0 } = {}) {
    if (this.#isOver) throw new DeskError("closed");
    let ticket = this.#tickets.get(checkedId(id));
    if (!ticket) {
      ticket = new Ticket(id, checkedNumber(after), this.#link());
      this.#tickets.set(id, ticket);
      if (this.isConnected) ticket._connected();
    }
    return ticket;
  }

  /**
   * Sends a message, whether anybody looks at its ticket or not: see `Ticket.send`.
   * @returns {Promise<object>} the timeline event; rejects with a DeskError
   */
  send(ticketId, content, options = {}) {
    const answer = this.#queued(ticketId, content, options);
    answer.catch(() => {}); // Who does not wait for it is not to be woken up by it.
    return answer;
  }

  async #queued(ticketId, content, { clientId = crypto.randomUUID(), holdFor = 0, ...options }) {
    if (this.#isOver) throw new DeskError("closed");
    const message = checkedMessage(content, { clientId, ...options });
    return this.#outbox.add(checkedId(ticketId), message, checkedNumber(holdFor));
  }

  /** Messages that have no answer yet, oldest first: of a ticket, or of all with their `ticket_id`. */
  unsent(ticketId) {
    if (ticketId !== undefined) return this.#outbox.unsent(ticketId);
    return this.#outbox.tickets.flatMap((ticket_id) =>
      this.#outbox.unsent(ticket_id).map((message) => ({ ticket_id, ...message })),
    );
  }

  /** Takes a message back: what it was, or null if it was sent, or may have been. */
  cancel(ticketId, clientId) {
    return this.#outbox.cancel(ticketId, clientId);
  }

  /** Sends at once what `holdFor` holds back: for a page that goes. */
  hurry() {
    this.#outbox.hurry();
  }

  /**
   * For staff: which tickets the connection is to hear of, now and after each reconnect: those of
   * views, and some by their ids.
   */
  watch(views, ticketIds = []) {
    return this.#standing.keep("watch", { views: checkedIds(views), ticket_ids: checkedIds(ticketIds) });
  }

  /** For staff: whether nobody is in front of the page. */
  idle(isIdle = true) {
    return this.#standing.keep("idle", { idle: isIdle });
  }

  /** Ends everything; what was not sent is refused with `closed`, and stays in the storage. */
  close() {
    this.#end(new DeskError("closed"));
  }

  /**
   * Signs out, in all tabs; what was not sent is forgotten. Here that is done at once; the promise
   * rejects if the server could not be told.
   */
  async signOut() {
    this.#signedOut(new DeskError("logged_out"));
    await this.#session.logOut();
  }

  #end(error, { forget = false } = {}) {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#renewal);
    this.#socket.disconnect();
    for (const ticket of this.#tickets.values()) ticket._end();
    this.#tickets.clear();
    this.#outbox.end(error, { forget });
  }

  #link() {
    return {
      call: (event, payload) => this.#call(event, payload),
      isConnected: () => this.isConnected,
      forget: (id) => this.#tickets.delete(id),
      outbox: this.#outbox,
      send: (id, content, options) => this.send(id, content, options),
      changed: (ticket_id) => this._emit("unsent", { ticket_id }),
      notSent: (ticket_id, { client_id, content, internal }, { code, events }) =>
        this._emit("not_sent", {
          ...{ ticket_id, client_id, content, code },
          ...(internal && { internal }),
          ...(events && { events }),
        }),
    };
  }

  /** What one person wrote is never sent as another. */
  #belongTo(person) {
    if (this.#person === person) return;
    if (this.#person !== null) throw new DeskError("other_account");
    this.#person = person;
    this.#outbox.open(person);
  }

  /** The data of the acknowledgement. Rejects with a DeskError; `lost` if there was none. */
  async #call(event, payload) {
    if (!this.isConnected) throw new DeskError("lost");
    let ack;
    try {
      ack = await this.#socket.timeout(PATIENCE).emitWithAck(event, payload);
    } catch {
      // Connected and yet no answer in all that time: the connection is made anew.
      if (this.isConnected) this.#socket.disconnect().connect();
      throw new DeskError("lost");
    }
    if (!ack.ok) throw new DeskError(ack.error.code, ack.error.detail, ack.error);
    return ack.data;
  }

  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#pauses = pauses();
      const since = this.#heardAt;
      this.#heardAt = Date.now();
      this.#standing.connected();
      for (const ticket of this.#tickets.values()) ticket._connected();
      this.#outbox.connected();
      this._emit("connected", { again: since !== null, since });
    });
    // The server is heard every 25 seconds, if only by a ping.
    const heard = () => (this.#heardAt = Date.now());
    socket.onAny?.(heard);
    socket.io?.on?.("ping", heard);
    socket.on("disconnect", (reason) => {
      this._emit("disconnected", reason);
      if (!socket.active) this.#connectLater();
    });
    socket.on("connect_error", ({ data }) => {
      if (isStale(data?.code)) this.#isRefused = true;
      if (!socket.active) this.#connectLater();
    });
    socket.on("signed_out", ({ code }) => {
      if (isStale(code)) this.#isRefused = true;
      else this.#signedOut(new DeskError(code));
    });
    socket.on("timeline", (event) => this.#tickets.get(event.ticket_id)?._timeline(event));
    socket.on("resync", ({ ticket_id }) => this.#tickets.get(ticket_id)?._join());
    for (const name of OF_TICKETS) {
      socket.on(name, (payload) => this.#tickets.get(payload.ticket_id)?._hear(name, payload));
    }
    for (const name of OF_PEOPLE) socket.on(name, (payload) => this._emit(name, payload));
    socket.on("connected", (payload) => this._emit("release", payload));
  }

  /** After the server hung up or refused, when the library does not come back by itself. */
  #connectLater() {
    if (this.#isOver) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), this.#pauses.next().value);
  }

  async #authenticate(give) {
    try {
      const fresh = this.#isRefused;
      const token = await this.#session.token({ fresh });
      if (fresh) this.#isRefused = false;
      this.#belongTo(this.#session.person);
      this.#renewLater(token);
      give({ token });
    } catch (error) {
      this.#failed(error);
      if (!this.#isOver) give({ token: "" }); // Refused, and so tried again later.
    }
  }

  /** Not from within the constructor, where nobody can listen yet. */
  #noStorage({ name }) {
    queueMicrotask(() => this._emit("storage_failed", { name }));
  }

  #failed(error) {
    if (!passes(error.code ?? "lost")) this.#signedOut(error);
  }

  #signedOut(error) {
    if (this.#isOver) return;
    this.#session.forget();
    this.#end(error, { forget: true });
    this._emit("signed_out", { code: error.code });
  }

  #renewLater(token, atLeast = 0) {
    clearTimeout(this.#renewal);
    if (this.#isOver) return;
    const after = Math.max(this.#session.refreshIn(), atLeast);
    this.#renewal = setTimeout(() => this.#renew(token), after);
  }

  /** Replaces the token before it expires, so that the socket is kept. */
  async #renew(old) {
    try {
      const token = await this.#session.token();
      this.#belongTo(this.#session.person);
      if (token !== old) await this.#call("refresh_auth", { token });
      this.#renewLater(token, 1000);
    } catch (error) {
      this.#failed(error);
      this.#renewLater(old, 1000);
    }
  }
}
