/** All tickets that the page knows, behind one door: whatever tells of one comes through `put`. */

import { batch, signal } from "@preact/signals-core";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {import("./view.js").View} View */
/** @typedef {import("@preact/signals-core").Signal<Row>} RowSignal */
/** @typedef {{patch: Partial<Row>}} Pending An own change that the server has not answered. */
/**
 * @typedef {object} Entry
 * @property {Row} server as the server last said
 * @property {Pending[]} pending oldest first
 * @property {RowSignal} shown
 * @property {number} touched the stamp of when the server last told of it
 * @property {number} readAt the stamp of when its unread count was last told by itself
 */

/** So many tickets that no view shows are kept. */
const SPARE = 2000;

export class Tickets {
  /** @type {Map<string, Entry>} */
  #entries = new Map();
  /** @type {Map<number, string>} */
  #numbers = new Map();
  /** @type {Set<View>} */
  #views = new Set();
  /** @type {(id: string) => boolean} */
  #isHeld;
  #clock = 0;
  /** With more tickets than that it is looked which are spare. */
  #most = 2 * SPARE;

  /** @param {(id: string) => boolean} [isHeld] tickets that are kept although no view shows them */
  constructor(isHeld = () => false) {
    this.#isHeld = isHeld;
  }

  /** Taken before asking: an answer is no newer than that. */
  stamp() {
    return ++this.#clock;
  }

  get size() {
    return this.#entries.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#entries.get(id)?.shown;
  }

  /** @param {string} id */
  peek(id) {
    return this.#entries.get(id)?.shown.peek();
  }

  /**
   * As the server last said, without own changes that it has not answered.
   * @param {string} id
   */
  confirmed(id) {
    return this.#entries.get(id)?.server;
  }

  /** @param {number} number */
  numbered(number) {
    return this.get(this.#numbers.get(number) ?? "");
  }

  /**
   * Takes what the server says of a ticket, unless more is known already.
   * @param {Row} row
   * @param {{asOf?: number, isOwn?: boolean}} [how] `asOf`: the stamp of the question
   */
  put(row, { asOf = Number.POSITIVE_INFINITY, isOwn = false } = {}) {
    const entry = this.#entries.get(row.id);
    if (!entry) this.#add(row);
    else if (isNewer(row, entry.server)) this.#replace(entry, newer(row, entry, asOf), isOwn);
    if (entry) entry.touched = this.stamp();
  }

  /**
   * @param {Row[]} rows
   * @param {number} asOf
   */
  putAll(rows, asOf) {
    batch(() => {
      for (const row of rows) this.put(row, { asOf });
    });
  }

  /**
   * How much is unread now: no change of the ticket, and so without a version.
   * @param {string} id
   * @param {number} unread
   */
  read(id, unread) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.readAt = this.stamp();
    if (entry.server.unread !== unread) this.#replace(entry, { ...entry.server, unread }, true);
  }

  /**
   * Shows an own change before the server has answered.
   * @param {string} id
   * @param {Partial<Row>} patch
   * @returns {Pending}
   */
  begin(id, patch) {
    const pending = { patch };
    const entry = this.#entries.get(id);
    if (entry) {
      entry.pending.push(pending);
      this.#replace(entry, entry.server, true);
    }
    return pending;
  }

  /**
   * The server has answered an own change: what it says counts from here on.
   * @param {string} id
   * @param {Pending} pending
   * @param {Row | null} [row] null if it was refused without one
   */
  settle(id, pending, row = null) {
    const entry = this.#entries.get(id);
    if (!entry) return;
    entry.pending = entry.pending.filter((other) => other !== pending);
    const next = row && isNewer(row, entry.server) ? { ...entry.server, ...row } : entry.server;
    this.#replace(entry, next, true);
  }

  /** @param {View} view */
  show(view) {
    this.#views.add(view);
  }

  /** @param {View} view */
  hide(view) {
    this.#views.delete(view);
    this.#prune();
  }

  /**
   * Those that the server told of since.
   * @param {number} stamp
   */
  *since(stamp) {
    for (const { shown, touched } of this.#entries.values()) {
      if (touched >= stamp) yield shown.peek();
    }
  }

  /** @param {Row} row */
  #add(row) {
    this.#entries.set(row.id, {
      server: row,
      pending: [],
      shown: signal(row),
      touched: this.stamp(),
      readAt: 0,
    });
    this.#numbers.set(row.number, row.id);
    for (const view of this.#views) view.take(undefined, row, false);
    if (this.#entries.size > this.#most) this.#prune();
  }

  /**
   * @param {Entry} entry
   * @param {Row} server
   * @param {boolean} isOwn
   */
  #replace(entry, server, isOwn) {
    const before = entry.shown.peek();
    entry.server = server;
    const after = /** @type {Row} */ (
      Object.assign({}, server, ...entry.pending.map(({ patch }) => patch))
    );
    batch(() => {
      entry.shown.value = after;
      for (const view of this.#views) view.take(before, after, isOwn);
    });
  }

  /** Forgets the oldest of those that nothing shows. */
  #prune() {
    const views = [...this.#views];
    const spare = [...this.#entries.values()].filter(
      ({ server: { id }, pending }) =>
        !pending.length && !this.#isHeld(id) && !views.some((view) => view.has(id)),
    );
    spare.sort((a, b) => a.touched - b.touched);
    for (const { server } of spare.slice(0, Math.max(0, spare.length - SPARE))) {
      this.#entries.delete(server.id);
      this.#numbers.delete(server.number);
    }
    this.#most = this.#entries.size + SPARE;
  }
}

/**
 * @param {Row} row
 * @param {Row} than
 */
const isNewer = (row, than) => row.version >= than.version;

/**
 * The row with what it leaves out (a list has no description). If it was asked for before its
 * unread count was told, that count stands.
 * @param {Row} row
 * @param {Entry} entry
 * @param {number} asOf
 * @returns {Row}
 */
function newer(row, { server, readAt }, asOf) {
  const isReadLater = row.version === server.version && asOf < readAt;
  return { ...server, ...row, ...(isReadLater && { unread: server.unread }) };
}
