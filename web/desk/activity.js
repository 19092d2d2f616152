/** Who looks at and who writes on tickets of the list. */

import { signal } from "@preact/signals";

/** @typedef {{viewers: string[], writing: {user_id: string, internal: boolean}[]}} Present */

const NOBODY = { viewers: [], writing: [] };
/** The server names so many tickets to one socket. */
export const MOST_ROWS = 200;

export class Activity {
  /** The tickets that are asked for: the rows on the screen. */
  rows = signal(/** @type {string[]} */ ([]));
  /** @type {Map<string, import("@preact/signals").Signal<Present>>} */ #tickets = new Map();

  /** @param {string} id */
  of(id) {
    let found = this.#tickets.get(id);
    if (!found) {
      found = signal(/** @type {Present} */ (NOBODY));
      this.#tickets.set(id, found);
    }
    return found.value;
  }

  /**
   * @param {{ticket_id: string} & Present} told
   * @param {string} me is not shown to themself
   */
  hear({ ticket_id, viewers, writing }, me) {
    this.of(ticket_id);
    const found = this.#tickets.get(ticket_id);
    if (!found) return;
    found.value = {
      viewers: viewers.filter((id) => id !== me),
      writing: writing.filter(({ user_id }) => user_id !== me),
    };
  }

  /**
   * Only of rows on the screen it is told; what is known of others would grow old.
   * @param {string[]} ids
   */
  show(ids) {
    const rows = new Set(ids);
    for (const [id, known] of this.#tickets) if (!rows.has(id)) known.value = NOBODY;
    for (const id of this.#tickets.keys()) if (!rows.has(id)) this.#tickets.delete(id);
    this.rows.value = ids.slice(0, MOST_ROWS);
  }
}
