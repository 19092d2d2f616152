/** The end of a timeline, fetched while the pointer or the keys rest on its ticket. */

import { get } from "../shared/api.js";

/** @typedef {import("./types.js").Event} Event */

/** So much of a long history is shown at once, some screens; the rest comes by scrolling up. */
export const NEAR_THE_END = 30;
const RESTS_MS = 120;
const MOST_KEPT = 8;

export class Ahead {
  /** The oldest first. @type {Map<string, Event[]>} */
  #kept = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tickets;

  /** @param {import("./store/tickets.js").Tickets} tickets */
  constructor(tickets) {
    this.#tickets = tickets;
  }

  /**
   * The ticket may be opened next.
   * @param {string | null} id
   */
  want(id) {
    clearTimeout(this.#timer);
    if (!id || this.#isNew(id)) return;
    this.#timer = setTimeout(() => this.#fetch(id), RESTS_MS);
  }

  /**
   * What is known of the timeline: without a gap, and perhaps not to its very end.
   * @param {string} id
   * @returns {Event[]}
   */
  take(id) {
    const events = this.#kept.get(id) ?? [];
    this.#kept.delete(id);
    return events;
  }

  /** @param {string} id */
  #isNew(id) {
    return this.#kept.get(id)?.at(-1)?.seq === this.#tickets.peek(id)?.seq;
  }

  /** @param {string} id */
  async #fetch(id) {
    const after = Math.max(0, (this.#tickets.peek(id)?.seq ?? 0) - NEAR_THE_END);
    try {
      const { data } = await get(`/tickets/${id}/timeline`, { after, limit: NEAR_THE_END });
      this.#kept.set(id, data);
    } catch {
      // Then it is fetched when it is opened.
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
    }
  }
}
