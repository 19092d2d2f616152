/** One list of tickets: a beginning of the server's list, kept as that is by each change. */

import { signal } from "@preact/signals-core";
import { isDecidable, matching } from "./match.js";
import { comparing, DEFAULT_SORT, lowerBound } from "./order.js";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {import("../types.js").Query} Query */
/** @typedef {import("./tickets.js").Tickets} Tickets */

export class View {
  /** Counts the changes of `shown`. */
  revision = signal(0);
  /** How many tickets came, moved or went while the order was frozen. */
  held = signal(0);
  /** @type {import("@preact/signals-core").Signal<"empty" | "loading" | "ready" | "failed">} */
  state = signal("empty");
  /** Where the next page begins; null at the end. @type {string | null} */
  next = null;
  /** How many there are in all, if it was said. @type {number | null} */
  total = null;
  /** The ids in the order of the list. @type {string[]} */
  ids = [];
  /** The ids as they are drawn: others than `ids` while the order is frozen. @type {string[]} */
  shown = this.ids;

  /** @type {Tickets} */ #tickets;
  /** @type {Set<string>} */ #in = new Set();
  /** @type {Set<string> | null} */ #held = null;
  /** @type {Set<"pointer" | "key">} */ #reasons = new Set();
  /** What is loaded goes to here. @type {Row | null} */ #end = null;
  #since = 0;
  #loaded = false;

  /**
   * @param {Tickets} tickets
   * @param {Query} query
   * @param {string} me
   */
  constructor(tickets, query, me) {
    this.query = query;
    this.isLive = isDecidable(query);
    this.#tickets = tickets;
    this.#matches = matching(query, me);
    this.#compare = comparing(String(query.sort ?? DEFAULT_SORT));
  }

  #matches;
  #compare;

  /** @param {string} id */
  has(id) {
    return this.#in.has(id);
  }

  get isFrozen() {
    return this.#held !== null;
  }

  /** To be called before the first page is asked for: what is told from then on counts. */
  begin() {
    this.#since = this.#tickets.stamp();
    return this.#since;
  }

  /**
   * The next page of the server's list, which are in the store already.
   * @param {Row[]} rows as the server sent them
   * @param {{next: string | null, total?: number | null, isFirst?: boolean}} page
   */
  page(rows, { next, total = null, isFirst = false }) {
    this.next = next;
    this.total = total ?? this.total;
    this.#end = next ? (rows.at(-1) ?? this.#end) : null;
    this.#loaded = true;
    if (!this.isLive) this.#append(rows, isFirst);
    else if (isFirst) this.#rebuild();
    else this.#extend();
    this.state.value = "ready";
  }

  /**
   * A ticket changed: it comes, moves or goes.
   * @param {Row | undefined} before
   * @param {Row} after
   * @param {boolean} isOwn own changes show at once, also where the order is frozen
   */
  take(before, after, isOwn) {
    if (!this.isLive || !this.#loaded) return;
    const was = this.#in.has(after.id);
    const is = this.#matches(after) && this.#isLoaded(after);
    if (!was && !is) return;
    if (was && is && before && this.#compare(before, after) === 0) return;
    if (was) this.#remove(before ?? after);
    if (is) this.#insert(after);
    this.#changed(after.id, isOwn);
  }

  /**
   * Nothing moves from here on.
   * @param {"pointer" | "key"} why it goes on for as long as there is a reason
   */
  freeze(why) {
    this.#reasons.add(why);
    if (this.#held) return;
    this.#held = new Set();
    this.shown = this.ids.slice();
  }

  /** @param {"pointer" | "key"} [why] the reason that is gone; without one, all */
  thaw(why) {
    if (why) this.#reasons.delete(why);
    else this.#reasons.clear();
    if (!this.#held || this.#reasons.size) return;
    const hadNews = this.#held.size > 0;
    this.#held = null;
    this.held.value = 0;
    this.shown = this.ids;
    if (hadNews) this.revision.value += 1;
  }

  /** @param {Row} row */
  #isLoaded(row) {
    return this.#end === null || this.#compare(row, this.#end) <= 0;
  }

  /**
   * @param {string} id
   * @param {boolean} isOwn
   */
  #changed(id, isOwn) {
    if (this.#held && isOwn && !this.#in.has(id)) {
      this.shown = this.shown.filter((other) => other !== id);
      this.#held.delete(id);
    } else if (this.#held) {
      this.#held.add(id);
      this.held.value = this.#held.size;
      return;
    }
    this.revision.value += 1;
  }

  /** @param {Row} row as it stood when it was put in */
  #remove(row) {
    this.#in.delete(row.id);
    const place = this.#place(row);
    const index = this.ids[place] === row.id ? place : this.ids.indexOf(row.id);
    if (index >= 0) this.ids.splice(index, 1);
  }

  /** @param {Row} row */
  #insert(row) {
    this.#in.add(row.id);
    this.ids.splice(this.#place(row), 0, row.id);
  }

  /** @param {Row} row */
  #place(row) {
    return lowerBound(this.ids.length, (index) => {
      const there = this.#tickets.peek(this.ids[index] ?? "");
      return there ? this.#compare(there, row) : -1;
    });
  }

  #rebuild() {
    this.#in = new Set();
    this.#replace(this.#found());
  }

  /** The list goes further than before, and what is in it already is in its place. */
  #extend() {
    const found = this.#found();
    const last = this.#tickets.peek(this.ids.at(-1) ?? "");
    const first = this.#tickets.peek(found[0] ?? "");
    if (!last || !first || this.#compare(last, first) < 0) {
      this.#continue(found);
      return;
    }
    const ids = this.ids.concat(found).map((id) => this.#tickets.peek(id));
    const rows = ids.filter((row) => row !== undefined).sort(this.#compare);
    this.#replace(rows.map(({ id }) => id));
  }

  /** @param {string[]} ids which all stand behind those that are there */
  #continue(ids) {
    for (const id of ids) this.#in.add(id);
    this.ids.push(...ids);
    // What came below by scrolling is drawn also while the order is frozen.
    if (this.#held) this.shown = [...new Set([...this.shown, ...ids])];
    this.revision.value += 1;
  }

  /**
   * What is not in the list yet, in order: of all that was told since it began, as a page alone may
   * miss what changed meanwhile.
   */
  #found() {
    /** @type {Row[]} */
    const rows = [];
    for (const row of this.#tickets.since(this.#since)) {
      if (!this.#in.has(row.id) && this.#matches(row) && this.#isLoaded(row)) rows.push(row);
    }
    return rows.sort(this.#compare).map(({ id }) => id);
  }

  /**
   * @param {Row[]} rows
   * @param {boolean} isFirst
   */
  #append(rows, isFirst) {
    const ids = isFirst ? [] : this.ids.slice();
    const known = new Set(ids);
    this.#replace([...ids, ...rows.map(({ id }) => id).filter((id) => !known.has(id))]);
  }

  /** @param {string[]} ids */
  #replace(ids) {
    const before = this.#in;
    this.ids = ids;
    this.#in = new Set(ids);
    const drawn = new Set(this.shown);
    // What came below by scrolling is drawn also while the order is frozen.
    this.shown = this.#held
      ? [...this.shown, ...ids.filter((id) => !before.has(id) && !drawn.has(id))]
      : ids;
    this.revision.value += 1;
  }
}
