/** Named listeners. One that throws is reported and holds up nobody. */
export class Emitter {
  #listeners = new Map();

  /**
   * @param {string} name
   * @param {(value: any) => void} listener
   * @returns {() => void} what stops it
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** @protected */
  _emit(name, value) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

/**
 * A refusal, with the server's stable `code`; of `answered_meanwhile` the `events` since, of
 * `merged` the ticket that it went `into`.
 */
export class DeskError extends Error {
  /** @param {string} code @param {string} [detail] @param {{events?: object[], into?: string}} [more] */
  constructor(code, detail = code, { events, into } = {}) {
    super(detail);
    this.name = "DeskError";
    this.code = code;
    if (events) this.events = events;
    if (into) this.into = into;
  }
}

/** What happens by itself after a while, so that one tries again. */
const PASSING = new Set(["unavailable", "busy", "rate_limited", "internal", "lost"]);
/** The connection's fault, not the message's: it is made anew with a fresh token. */
const STALE = new Set(["not_authenticated", "invalid_token", "session_ended", "token_expired"]);

export const passes = (code) => PASSING.has(code) || STALE.has(code);
export const isStale = (code) => STALE.has(code);

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Doubling from 100 ms to 5 s, each with chance in it, so that not all come at once. */
export function* pauses() {
  for (let pause = 100; ; pause = Math.min(pause * 2, 5000)) yield pause * (0.5 + Math.random() / 2);
}
