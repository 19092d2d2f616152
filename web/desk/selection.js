/** Which tickets of a list are selected, to change them in one go. */

import { batch, signal } from "@preact/signals";

/** @typedef {import("./types.js").Query} Query */

/** As many as a query may change. */
export const MOST_SELECTED = 500;

export class Selection {
  ids = signal(/** @type {ReadonlySet<string>} */ (new Set()));
  /** What finds all of them, while they are all that it finds. */
  query = signal(/** @type {Query | null} */ (null));
  /** @type {string | null} */ #last = null;

  /** @param {string} id */
  toggle(id) {
    const ids = new Set(this.ids.peek());
    if (!ids.delete(id) && ids.size < MOST_SELECTED) ids.add(id);
    this.#last = id;
    this.set([...ids]);
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
    this.set([...new Set([...this.ids.peek(), ...ids])]);
  }

  /**
   * These and no others.
   * @param {string[]} ids
   * @param {Query | null} [query] which finds just these
   */
  set(ids, query = null) {
    batch(() => {
      this.ids.value = new Set(ids.slice(0, MOST_SELECTED));
      this.query.value = query;
    });
  }

  clear() {
    this.#last = null;
    if (this.ids.peek().size) this.set([]);
  }
}
