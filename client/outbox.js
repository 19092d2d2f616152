import { DeskError, passes, pauses, sleep } from "./emitter.js";

const MOST_INTERNAL = 10;
/** Milliseconds for which a message may be held back: longer than that is a wrong clock. */
export const LONGEST_HOLD = 60_000;

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

  /** @param link `call`, `isConnected`, `notSent`, `changed` */
  constructor(link, shelf) {
    this.#link = link;
    this.#shelf = shelf;
  }

  /** The messages of a ticket that have no answer yet, oldest first. */
  unsent(ticketId) {
    return (this.#queues.get(ticketId) ?? []).map(({ message }) => message);
  }

  /** The tickets that have any. */
  get tickets() {
    return [...this.#queues].filter(([, queue]) => queue.length).map(([ticketId]) => ticketId);
  }

  /**
   * @param holdFor milliseconds for which it may still be cancelled
   * @returns {Promise<object>} the timeline event; rejects with a DeskError
   */
  add(ticketId, message, holdFor = 0) {
    return new Promise((done, failed) => {
      const notBefore = holdFor > 0 ? Date.now() + Math.min(holdFor, LONGEST_HOLD) : 0;
      const entry = { ticketId, message, order: this.#shelf.next(), notBefore, done, failed };
      this.#queue(ticketId).push(entry);
      this.#shelf.put(entry);
      this.#link.changed(ticketId);
      this.#sendAll(ticketId);
    });
  }

  /** Takes back what was not sent yet: the message; null if it may have been stored by now. */
  cancel(ticketId, clientId) {
    const queue = this.#queues.get(ticketId) ?? [];
    const entry = queue.find(({ message }) => message.client_id === clientId);
    if (!entry || entry.isTried || !this.#isOut(entry)) return null;
    entry.failed?.(new DeskError("cancelled"));
    entry.hurry?.();
    return entry.message;
  }

  /** Sends at once what is held back, as the page goes. */
  hurry() {
    for (const queue of this.#queues.values()) {
      for (const entry of queue) {
        entry.notBefore = 0;
        entry.hurry?.();
      }
    }
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
      for (const { failed, hurry } of queue.splice(0)) {
        failed?.(error);
        hurry?.();
      }
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
      if (isKnown) continue;
      queue.push({ ...found, isFound: true });
      queue.sort((a, b) => a.order - b.order);
      this.#link.changed(found.ticketId);
    }
  }

  async #sendAll(ticketId) {
    if (this.#sending.has(ticketId)) return;
    this.#sending.add(ticketId);
    const queue = this.#queue(ticketId);
    let pause = pauses();
    while (queue.length && this.#link.isConnected()) {
      const first = queue[0];
      if (await this.#isHeld(first)) continue;
      if (first.isFound && !this.#shelf.has(first)) {
        queue.shift(); // Another tab has sent it, or taken it back.
        this.#link.changed(ticketId);
        continue;
      }
      try {
        first.isTried = true;
        const event = await this.#link.call("post_message", {
          ticket_id: ticketId,
          ...first.message,
        });
        if (this.#isOut(first)) first.done?.(event);
        pause = pauses();
      } catch (error) {
        first.failures = (first.failures ?? 0) + (error.code === "internal");
        if (passes(error.code) && first.failures < MOST_INTERNAL) await sleep(pause.next().value);
        else if (this.#isOut(first)) {
          if (error.code === "merged") this.#lead(first, error.into);
          else this.#refused(first, error);
        }
      }
    }
    this.#sending.delete(ticketId);
  }

  /** Waits for the end of the hold; false at once where there is none. */
  async #isHeld(entry) {
    const left = Math.min(entry.notBefore - Date.now(), LONGEST_HOLD);
    if (!(left > 0)) return false;
    let timer;
    await new Promise((over) => {
      entry.hurry = over;
      timer = setTimeout(over, left);
    });
    clearTimeout(timer);
    entry.notBefore = 0;
    return true;
  }

  /** Takes a message that has its answer out; false if all is over meanwhile. */
  #isOut(entry) {
    const queue = this.#queue(entry.ticketId);
    const place = queue.indexOf(entry);
    if (place < 0) return false;
    queue.splice(place, 1);
    this.#shelf.drop(entry);
    this.#link.changed(entry.ticketId);
    return true;
  }

  /** To what its ticket was merged into, under the same id. What its writer has seen is not there. */
  #lead(entry, ticketId) {
    const { expect_seq: _, ...message } = entry.message;
    const led = { ...entry, ticketId, message };
    this.#queue(ticketId).push(led);
    this.#shelf.put(led);
    this.#link.changed(ticketId);
    this.#sendAll(ticketId);
  }

  #refused(entry, error) {
    entry.failed?.(error);
    // Who wrote it is not there any more to hear of it.
    if (entry.isFound) this.#link.notSent(entry.ticketId, entry.message, error);
  }
}
