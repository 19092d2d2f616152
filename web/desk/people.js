/** Names of people by their ids: whoever is met anywhere, and the rest asked for in one go. */

import { batch, signal } from "@preact/signals";
import { get } from "../shared/api.js";
import { onFrame } from "./store/timeline.js";

/** @typedef {{id: string, full_name: string, role?: string}} Person */
/** @typedef {import("@preact/signals").Signal<Person | null>} PersonSignal */

const MOST_AT_ONCE = 100;
const AGAIN_MS = 30_000;

export class People {
  /** @type {Map<string, PersonSignal>} */ #people = new Map();
  /** @type {Set<string>} */ #asked = new Set();
  /** @type {string[]} */ #waiting = [];
  /** @type {Set<string>} */ #missed = new Set();

  /** @param {Person[]} people */
  learn(people) {
    batch(() => {
      for (const { id, full_name, role } of people) {
        const known = this.#signal(id);
        const before = known.peek();
        if (before?.full_name === full_name && (!role || before.role === role)) continue;
        known.value = { id, full_name, role: role ?? before?.role };
      }
    });
  }

  /**
   * Null until it is known; it is asked for then.
   * @param {string} id
   */
  person(id) {
    const known = this.#signal(id);
    if (known.peek() === null) this.#ask(id);
    return known.value;
  }

  /**
   * @param {string | null | undefined} id
   * @param {string} [otherwise]
   */
  name(id, otherwise = "…") {
    if (!id) return otherwise;
    return this.person(id)?.full_name ?? "…";
  }

  /** @param {string} id */
  #signal(id) {
    let found = this.#people.get(id);
    if (!found) {
      found = signal(/** @type {Person | null} */ (null));
      this.#people.set(id, found);
    }
    return found;
  }

  /** @param {string} id */
  #ask(id) {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    this.#waiting.push(id);
    if (this.#waiting.length === 1) onFrame(() => this.#fetch());
  }

  /** For the names that could not be had: where they are shown, they are shown then. */
  askAgain() {
    const missed = [...this.#missed];
    this.#missed.clear();
    for (const id of missed) {
      this.#asked.delete(id);
      if (this.#signal(id).peek() === null) this.#ask(id);
    }
  }

  async #fetch() {
    const ids = this.#waiting.splice(0, MOST_AT_ONCE);
    if (this.#waiting.length) onFrame(() => this.#fetch());
    try {
      const { data } = await get("/people", { ids });
      this.learn(data);
    } catch {
      // A name that is not known is no reason to stop.
      for (const id of ids) this.#missed.add(id);
      setTimeout(() => this.askAgain(), AGAIN_MS);
    }
  }
}
