import { io as connect } from "socket.io-client";
import { checkedId, checkedNumber } from "./checks.js";
import { DeskError, Emitter, isStale, passes, pauses } from "./emitter.js";
import { Outbox } from "./outbox.js";
import { Session } from "./session.js";
import { Shelf } from "./shelf.js";
import { Ticket } from "./ticket.js";

export { DeskError, Ticket };

const PATIENCE = 10_000;
const OF_TICKETS = ["presence", "typing", "read"];
const OF_PEOPLE = ["ticket_changed", "notification"];

/**
 * A connection to the desk that comes back by itself. Events: `connected`, `disconnected`
 * (a reason), `ticket_changed`, `notification`, `not_sent` (a message that another page left or
 * wrote, and that is refused), `signed_out` (`{code}`: for good).
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

  /** @param {import("./index.d.ts").Options} options */
  constructor(options) {
    super();
    const { url, io = connect, socket = {} } = options;
    this.#session = new Session({ ...options, url: url.replace(/\/$/, "") });
    this.#outbox = new Outbox(this.#link(), new Shelf(options));
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
      notSent: (ticket_id, { client_id, content }, { code }) =>
        this._emit("not_sent", { ticket_id, client_id, content, code }),
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
    if (!ack.ok) throw new DeskError(ack.error.code, ack.error.detail);
    return ack.data;
  }

  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#pauses = pauses();
      for (const ticket of this.#tickets.values()) ticket._connected();
      this.#outbox.connected();
      this._emit("connected");
    });
    socket.on("disconnect", (reason) => {
      this._emit("disconnected", reason);
      if (!socket.active) this.#connectLater();
    });
    socket.on("connect_error", ({ data }) => {
      if (isStale(data?.code)) this.#session.token({ fresh: true }).catch((e) => this.#failed(e));
      if (!socket.active) this.#connectLater();
    });
    socket.on("signed_out", ({ code }) => {
      if (!isStale(code)) this.#signedOut(new DeskError(code));
    });
    socket.on("timeline", (event) => this.#tickets.get(event.ticket_id)?._timeline(event));
    socket.on("resync", ({ ticket_id }) => this.#tickets.get(ticket_id)?._join());
    for (const name of OF_TICKETS) {
      socket.on(name, (payload) => this.#tickets.get(payload.ticket_id)?._hear(name, payload));
    }
    for (const name of OF_PEOPLE) socket.on(name, (payload) => this._emit(name, payload));
  }

  /** After the server hung up or refused, when the library does not come back by itself. */
  #connectLater() {
    if (this.#isOver) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#socket.connect(), this.#pauses.next().value);
  }

  async #authenticate(give) {
    try {
      const token = await this.#session.token();
      this.#belongTo(this.#session.person);
      this.#renewLater(token);
      give({ token });
    } catch (error) {
      this.#failed(error);
      if (!this.#isOver) give({ token: "" }); // Refused, and so tried again later.
    }
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
