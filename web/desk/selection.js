/** Which tickets of a list are selected, to change them in one go. */

import { signal } from "@preact/signals";

/** As many as one request may change. */
export const MOST_SELECTED = 100;

export class Selection {
  ids = signal(/** @type {ReadonlySet<string>} */ (new Set()));
  /** @type {string | null} */ #last = null;

  /** @param {string} id */
  toggle(id) {
    const ids = new Set(this.ids.peek());
    if (!ids.delete(id) && ids.size < MOST_SELECTED) ids.add(id);
    this.#last = id;
    this.ids.value = ids;
  }

  /**
   * From the one that was selected last to this one.
   * @param {string[]} order
   * @param {string} id
   */
  extend(order, id) {
    const [from, to] = [order.indexOf(this.#last ?? id), order.indexOf(id)];
    if (from < 0 || to < 0) this.toggle(id);
    else this.add(order.slice(Math.min(from, to), Math.max(from, to) + 1));
  }

  /** @param {string[]} ids */
  add(ids) {
    this.ids.value = new Set([...this.ids.peek(), ...ids].slice(0, MOST_SELECTED));
  }

  clear() {
    this.#last = null;
    if (this.ids.peek().size) this.ids.value = new Set();
  }
}
