/** Who looks at and who writes on tickets of the list, and who of them is not there. */

import { signal } from "@preact/signals";

/** @typedef {{viewers: string[], writing: {user_id: string, internal: boolean}[], idle: string[]}} Present */

const NOBODY = { viewers: [], writing: [], idle: [] };
/** The server names so many tickets to one socket. */
export const MOST_ROWS = 200;

export class Activity {
  /** The tickets that are asked for: those on the screen. */
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
   * @param {{ticket_id: string} & Pick<Present, "viewers" | "writing">} told
   * @param {string} me is not shown to themself
   */
  hear({ ticket_id, viewers, writing }, me) {
    this.#set(ticket_id, {
      viewers: viewers.filter((id) => id !== me),
      writing: writing.filter(({ user_id }) => user_id !== me),
    });
  }

  /** @param {{ticket_id: string, user_ids: string[]}} told */
  hearIdle({ ticket_id, user_ids }) {
    this.#set(ticket_id, { idle: user_ids });
  }

  /**
   * @param {string} id
   * @param {Partial<Present>} present
   */
  #set(id, present) {
    this.of(id);
    const found = this.#tickets.get(id);
    if (found) found.value = { ...found.peek(), ...present };
  }

  /**
   * Only of what is on the screen it is told; what is known of others would grow old.
   * @param {string[]} ids
   * @param {string | null} open the ticket beside the list
   */
  show(ids, open) {
    this.rows.value = (open ? [...new Set([open, ...ids])] : ids).slice(0, MOST_ROWS);
    const shown = new Set(this.rows.value);
    for (const [id, known] of this.#tickets) {
      if (shown.has(id)) continue;
      known.value = NOBODY;
      // Nothing draws it any more.
      if (this.#tickets.size > MOST_ROWS) this.#tickets.delete(id);
    }
  }
}
