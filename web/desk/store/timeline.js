/** The timeline of one ticket: history and live events in one list, drawn once a frame. */

import { signal } from "@preact/signals-core";

/** @typedef {import("../types.js").Event} Event */

/**
 * Before the next paint; a tab in the background has none, and goes by the clock.
 * @param {() => void} work
 */
export function onFrame(work) {
  if (typeof requestAnimationFrame === "undefined" || document.hidden) setTimeout(work, 0);
  else requestAnimationFrame(work);
}

export class Timeline {
  /** By number, without a gap. @type {import("@preact/signals-core").Signal<Event[]>} */
  events = signal([]);
  /** Whether the history has come. */
  isLive = signal(false);

  /** @type {Event[]} */ #waiting = [];
  #isDue = false;
  #schedule;

  /** @param {(work: () => void) => void} [schedule] */
  constructor(schedule = onFrame) {
    this.#schedule = schedule;
  }

  /** The number before the first one here: 0 if this is all. */
  get before() {
    const [first] = this.events.peek();
    return first ? first.seq - 1 : 0;
  }

  get last() {
    return (this.#waiting.at(-1) ?? this.events.peek().at(-1))?.seq ?? 0;
  }

  /**
   * The next event, in order. Nothing is drawn before the history is there as a whole.
   * @param {Event} event
   */
  take(event) {
    if (event.seq <= this.last) return;
    this.#waiting.push(event);
    if (this.isLive.peek()) this.#soon();
  }

  /** The history is complete. */
  live() {
    this.#flush();
    this.isLive.value = true;
  }

  /**
   * Older ones, which end where these begin.
   * @param {Event[]} events
   */
  prepend(events) {
    const first = this.events.peek()[0]?.seq ?? Number.POSITIVE_INFINITY;
    this.events.value = [...events.filter(({ seq }) => seq < first), ...this.events.peek()];
  }

  /**
   * The same ones, of which some are not what they were.
   * @param {Event[]} events
   */
  renew(events) {
    const known = new Map(events.map((event) => [event.seq, event]));
    this.events.value = this.events.peek().map((event) => known.get(event.seq) ?? event);
  }

  /** Only the newest ones stay; older ones can be fetched again. @param {number} count */
  trim(count) {
    if (this.events.peek().length > count) this.events.value = this.events.peek().slice(-count);
  }

  #soon() {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#schedule(() => this.#flush());
  }

  #flush() {
    this.#isDue = false;
    if (!this.#waiting.length) return;
    this.events.value = [...this.events.peek(), ...this.#waiting];
    this.#waiting = [];
  }
}
