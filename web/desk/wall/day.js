/** What came and what was answered in the last day, by the hour. */

import { signal } from "@preact/signals";
import { get } from "../../shared/api.js";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {{at: number, arrivals: number, answers: number}} Hour */

const HOUR = 3_600_000;
const HOURS = 24;
const PAGE = 100;
/** More is not read: the plots say that they are not of all. */
const MOST_PAGES = 30;
const OVERLAP = 10_000;

/**
 * @param {Iterable<Row>} rows
 * @param {number} now
 * @returns {Hour[]} the oldest first; the last one is the hour that runs
 */
export function byHour(rows, now) {
  const last = Math.floor(now / HOUR);
  const hours = Array.from({ length: HOURS }, (_, n) => ({
    at: (last - HOURS + 1 + n) * HOUR,
    arrivals: 0,
    answers: 0,
  }));
  /** @param {string | null} at */
  const hourOf = (at) =>
    at ? hours[Math.floor(Date.parse(at) / HOUR) - last + HOURS - 1] : undefined;
  for (const { created_at, first_response_at } of rows) {
    const [came, answered] = [hourOf(created_at), hourOf(first_response_at)];
    if (came) came.arrivals += 1;
    if (answered) answered.answers += 1;
  }
  return hours;
}

export class Day {
  hours = signal(/** @type {Hour[]} */ ([]));
  isWhole = signal(true);
  /** @type {Map<string, Row>} */ #rows = new Map();
  #since = 0;

  /** Reads what changed since the last time. @param {number} now */
  async refresh(now) {
    const begin = now - HOURS * HOUR;
    const updated_after = new Date(Math.max(begin, this.#since - OVERLAP)).toISOString();
    let page = await get("/csr/tickets", { updated_after, sort: "updated_at", limit: PAGE });
    for (let n = 1; ; n++) {
      for (const row of page.data) this.#rows.set(row.id, row);
      if (!page.next || n === MOST_PAGES) break;
      page = await get(page.next);
    }
    this.#since = now;
    this.isWhole.value = !page.next;
    for (const [id, row] of this.#rows) {
      if (Date.parse(row.updated_at) < begin - HOUR) this.#rows.delete(id);
    }
    this.hours.value = byHour(this.#rows.values(), now);
  }
}
