import { passes, pauses, sleep } from "./emitter.js";

const MOST_INTERNAL = 10;

/**
 * What was written and not stored yet, of all tickets: it goes on being sent, whoever looks at the
 * ticket. Those of one ticket go out one after the other, in the order in which they were written.
 */
export class Outbox {
  #link;
  #shelf;
  /** By ticket. */
  #queues = new Map();
  #sending = new Set();

  /** @param link `call`, `isConnected`, `notSent` */
  constructor(link, shelf) {
    this.#link = link;
    this.#shelf = shelf;
  }

  /** The messages of a ticket that have no answer yet, oldest first. */
  unsent(ticketId) {
    return this.#queue(ticketId).map(({ message }) => message);
  }

  /** @returns {Promise<object>} the timeline event; rejects with a DeskError */
  add(ticketId, message) {
    return new Promise((done, failed) => {
      const entry = { ticketId, message, order: this.#shelf.next(), done, failed };
      this.#queue(ticketId).push(entry);
      this.#shelf.put(entry);
      this.#sendAll(ticketId);
    });
  }

  /** It is known now whose messages these are; what they left earlier comes first. */
  open(person) {
    this.#shelf.open(person);
    for (const queue of this.#queues.values()) queue.forEach((entry) => this.#shelf.put(entry));
    this.#find();
  }

  /** Sends everything, also what another tab that is gone by now has left. */
  connected() {
    this.#find();
    for (const ticketId of this.#queues.keys()) this.#sendAll(ticketId);
  }

  /** Ends it; what was not sent stays in the storage, unless it is to be forgotten. */
  end(error, { forget = false } = {}) {
    for (const queue of this.#queues.values()) {
      for (const { failed } of queue.splice(0)) failed?.(error);
    }
    if (forget) this.#shelf.clear();
  }

  #queue(ticketId) {
    if (!this.#queues.has(ticketId)) this.#queues.set(ticketId, []);
    return this.#queues.get(ticketId);
  }

  #find() {
    for (const found of this.#shelf.left()) {
      const queue = this.#queue(found.ticketId);
      const isKnown = queue.some(({ message }) => message.client_id === found.message.client_id);
      if (!isKnown) queue.push({ ...found, isFound: true });
      queue.sort((a, b) => a.order - b.order);
    }
  }

  async #sendAll(ticketId) {
    if (this.#sending.has(ticketId)) return;
    this.#sending.add(ticketId);
    const queue = this.#queue(ticketId);
    let pause = pauses();
    while (queue.length && this.#link.isConnected()) {
      const first = queue[0];
      if (first.isFound && !this.#shelf.has(first)) {
        queue.shift(); // Another tab has sent it.
        continue;
      }
      try {
        const event = await this.#link.call("post_message", {
          ticket_id: ticketId,
          ...first.message,
        });
        if (this.#isOut(first)) first.done?.(event);
        pause = pauses();
      } catch (error) {
        first.failures = (first.failures ?? 0) + (error.code === "internal");
        if (passes(error.code) && first.failures < MOST_INTERNAL) await sleep(pause.next().value);
        else if (this.#isOut(first)) this.#refused(first, error);
      }
    }
    this.#sending.delete(ticketId);
  }

  /** Takes a message that has its answer out; false if all is over meanwhile. */
  #isOut(entry) {
    const queue = this.#queue(entry.ticketId);
    const place = queue.indexOf(entry);
    if (place < 0) return false;
    queue.splice(place, 1);
    this.#shelf.drop(entry);
    return true;
  }

  #refused(entry, error) {
    entry.failed?.(error);
    // Who wrote it is not there any more to hear of it.
    if (entry.isFound) this.#link.notSent(entry.ticketId, entry.message, error);
  }
}
