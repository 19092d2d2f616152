/** What the desk knows of customers, asked for once each. */

import { signal } from "@preact/signals";
import { get } from "../shared/api.js";

/** @typedef {import("../../client/types.d.ts").CustomerDetails} Details */

const AGAIN_MS = 30_000;

export class Customers {
  /** @type {Map<string, import("@preact/signals").Signal<Details | null>>} */ #known = new Map();

  /**
   * Null until it is known; it is asked for then.
   * @param {string} id
   */
  details(id) {
    let known = this.#known.get(id);
    if (!known) {
      known = signal(/** @type {Details | null} */ (null));
      this.#known.set(id, known);
      this.refresh(id);
    }
    return known.value;
  }

  /** @param {string} id */
  async refresh(id) {
    const known = this.#known.get(id);
    try {
      const { data } = await get(`/csr/customers/${id}`);
      if (known) known.value = data;
    } catch {
      setTimeout(() => this.#known.delete(id), AGAIN_MS);
    }
  }
}
