import { checkedNumber } from "./checks.js";
import { DeskError, Emitter, passes, pauses, sleep } from "./emitter.js";

const TYPING_EVERY = 3000;

/**
 * One ticket's timeline, live. Events: `event` (a timeline event), `live` (the join's answer),
 * `refused` (a DeskError: it cannot be joined), `presence`, `typing`, `read`.
 */
export class Ticket extends Emitter {
  /** The number of the last event that was handed on. */
  last;
  /** The ticket as the last join showed it. */
  ticket = null;
  viewers = [];
  /** How far people have read it, by their ids. */
  reads = new Map();
  #link;
  #isJoining = false;
  #again = false;
  #iterators = new Set();
  #isOver = false;
  #typedAt = -Infinity;
  #typesNote = false;
  #read = 0;

  /** Made by `DeskClient.ticket`. */
  constructor(id, after, link) {
    super();
    this.id = id;
    this.last = after;
    this.#link = link;
  }

  /** The timeline from here on, each event once, in order, until the ticket is left. */
  events() {
    const waiting = [];
    const queue = [];
    const give = (result) => (waiting.length ? waiting.shift()(result) : queue.push(result));
    const end = () => give({ value: undefined, done: true });
    const stop = this.on("event", (value) => give({ value, done: false }));
    const iterator = {
      next: () => {
        if (queue.length) return Promise.resolve(queue[0].done ? queue[0] : queue.shift());
        if (!this.#iterators.has(end)) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve) => waiting.push(resolve));
      },
      return: () => {
        stop();
        this.#iterators.delete(end);
        queue.length = 0;
        while (waiting.length) end();
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    if (this.#isOver) end();
    else this.#iterators.add(end);
    return iterator;
  }

  /** Messages that have no answer yet, oldest first. */
  get unsent() {
    return this.#link.outbox.unsent(this.id);
  }

  /**
   * Sends in order, again and again under one `client_id`, until it is stored or refused.
   * @returns {Promise<object>} the timeline event; rejects with a DeskError
   */
  send(content, options) {
    return this.#isOver ? refusedQuietly() : this.#link.send(this.id, content, options);
  }

  /** Tells the others, of a note the staff alone; repeated calls are told every three seconds. */
  typing(active = true, { internal = false } = {}) {
    const isSame = this.#typesNote === Boolean(internal);
    if (active && isSame && performance.now() - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = active ? performance.now() : -Infinity;
    this.#typesNote = Boolean(internal);
    const said = { ticket_id: this.id, active: Boolean(active), ...(internal && { internal: true }) };
    this.#link.call("typing", said).catch(() => {});
  }

  /** Remembers how far the person has read; repeated after a lost connection. */
  markRead(seq = this.last) {
    this.#read = Math.max(this.#read, checkedNumber(seq));
    this.#tellRead();
  }

  async #tellRead() {
    const seq = this.#read;
    if (!seq) return;
    try {
      await this.#link.call("mark_read", { ticket_id: this.id, seq });
    } catch (error) {
      if (passes(error.code)) return; // The next connection tells it.
    }
    if (this.#read === seq) this.#read = 0;
  }

  /** Leaves the room. What was not sent yet is still sent. */
  leave() {
    if (this.#isOver) return;
    this.#link.call("leave_ticket", { ticket_id: this.id }).catch(() => {});
    this._end();
    this.#link.forget(this.id);
  }

  // What the client tells.

  _connected() {
    this._join();
    this.#tellRead();
  }

  _timeline(event) {
    if (event.seq <= this.last) return;
    if (event.seq !== this.last + 1) {
      this._join();
      return;
    }
    this.last = event.seq;
    this._emit("event", event);
  }

  _hear(name, payload) {
    if (name === "presence") this.viewers = payload.viewers;
    if (name === "read") this.#hasRead(payload);
    this._emit(name, payload);
  }

  _end() {
    this.#isOver = true;
    for (const end of this.#iterators) end();
    this.#iterators.clear();
  }

  /** Joins from the last number, as often as there is more or something was missing. */
  async _join() {
    this.#again = true;
    if (this.#isJoining) return;
    this.#isJoining = true;
    const pause = pauses();
    try {
      while (this.#again && !this.#isOver) {
        this.#again = false;
        try {
          const request = { ticket_id: this.id, after: this.last };
          const joined = await this.#link.call("join_ticket", request);
          if (this.last < joined.seq) await sleep(pause.next().value);
          if (joined.more || this.last < joined.seq) this.#again = true;
          else this.#joined(joined);
        } catch (error) {
          if (error.code === "lost") return; // The next connection joins.
          if (!passes(error.code)) return void this._emit("refused", error);
          this.#again = true;
          await sleep(pause.next().value);
        }
      }
    } finally {
      this.#isJoining = false;
    }
  }

  #joined(joined) {
    this.ticket = joined.ticket;
    this.viewers = joined.viewers;
    for (const read of joined.reads ?? []) this.#hasRead(read);
    this._emit("live", joined);
  }

  #hasRead({ user_id, seq }) {
    this.reads.set(user_id, Math.max(seq, this.reads.get(user_id) ?? 0));
  }
}

function refusedQuietly() {
  const refused = Promise.reject(new DeskError("closed"));
  refused.catch(() => {});
  return refused;
}
