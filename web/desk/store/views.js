/** The views of a person, their counts, and the lists of those that were looked at. */

import { computed, signal } from "@preact/signals-core";
import { View } from "./view.js";

/** @typedef {import("../types.js").Query} Query */
/** @typedef {import("../types.js").Row} Row */
/** @typedef {{id: string, name: string, query: Query, live: boolean, shared?: boolean}} Named */
/** @typedef {Named & {count?: number | null, unread?: number | null}} Counted */
/** @typedef {{data: any, headers: Headers, next: string | null}} Answer */
/** @typedef {(path: string, params?: Record<string, unknown>) => Promise<Answer>} Get */

export const FIRST = "needs_reply";
const PAGE = 100;
/** So many lists are kept up to date, the one on the screen among them. */
const KEPT = 4;
/** After a lost connection so many pages of changes are read; with more of them, the list anew. */
const MOST_PAGES = 5;
/** The server's clock and ours, and what was on its way. */
const OVERLAP_MS = 10_000;

/** The view that a list is of, by the name that it is kept under; "" if of none. @param {string} name */
const viewOf = (name) => name.split("?")[0] ?? "";

export class Views {
  all = signal(/** @type {Named[]} */ ([]));
  counts = signal(
    /** @type {Record<string, {count?: number | null, unread?: number | null}>} */ ({}),
  );
  state = signal(/** @type {"loading" | "ready" | "failed"} */ ("loading"));
  byId = computed(() => new Map(this.all.value.map((view) => [view.id, view])));

  /** The least recently used first. @type {Map<string, View>} */ #lists = new Map();
  #tickets;
  #me;
  #get;
  #onWatched;

  /**
   * @param {import("./tickets.js").Tickets} tickets
   * @param {string} me
   * @param {Get} get
   * @param {() => void} [onWatched] called when other views than before are `watched`
   */
  constructor(tickets, me, get, onWatched = () => {}) {
    this.#tickets = tickets;
    this.#me = me;
    this.#get = get;
    this.#onWatched = onWatched;
  }

  /**
   * The views of which all changes have to be told: those whose lists are kept up to date, and those
   * whose counts are shown.
   */
  get watched() {
    const kept = [...this.#lists.keys()].map(viewOf);
    const counts = this.counts.peek();
    const counted = this.all.peek().filter(({ id }) => typeof counts[id]?.count === "number");
    return [...new Set([...kept.filter(Boolean), ...counted.map(({ id }) => id)])];
  }

  async load() {
    try {
      const { data } = await this.#get("/csr/views");
      this.#dropOthers(data);
      this.all.value = data;
      this.count(Object.fromEntries(data.map((/** @type {Counted} */ one) => [one.id, one])));
      this.#onWatched();
      this.state.value = "ready";
    } catch {
      this.state.value = this.all.peek().length ? "ready" : "failed";
    }
  }

  /** @param {Record<string, {count?: number | null, unread?: number | null}>} counts */
  count(counts) {
    const before = this.counts.peek();
    const next = { ...before };
    for (const [id, { count, unread }] of Object.entries(counts)) next[id] = { count, unread };
    this.counts.value = next;
  }

  /**
   * A view's list, loaded at least to its first page; null if there is no such view.
   * @param {string} id
   * @param {string} [sort] another order than the view's own
   */
  list(id, sort) {
    const named = this.byId.peek().get(id);
    if (!named) return null;
    return sort
      ? this.#listed(`${id}?${sort}`, { ...named.query, sort })
      : this.#listed(id, named.query);
  }

  /** @param {Query} query */
  found(query) {
    return this.#listed(`?${JSON.stringify(query)}`, query);
  }

  /** @param {View} list */
  async more(list) {
    if (!list.next || list.state.peek() === "loading") return;
    await this.#page(list, list.next);
  }

  /** @param {View} list */
  async reload(list) {
    list.begin();
    await this.#page(list, null);
  }

  /**
   * Reads what changed while nothing was told.
   * @param {number} since
   */
  async catchUp(since) {
    const asOf = this.#tickets.stamp();
    const updated_after = new Date(since - OVERLAP_MS).toISOString();
    try {
      const params = { updated_after, sort: "updated_at", limit: PAGE };
      let page = await this.#get("/csr/tickets", params);
      for (let n = 1; ; n++) {
        this.#tickets.putAll(page.data, asOf);
        if (!page.next) return;
        if (n === MOST_PAGES) break;
        page = await this.#get(page.next);
      }
    } catch {
      // As with too much: the lists are read anew.
    }
    const current = [...this.#lists.entries()].at(-1);
    for (const [id, list] of this.#lists) if (list !== current?.[1]) this.#drop(id, list);
    if (current) await this.reload(current[1]);
  }

  /**
   * @param {string} id
   * @param {Query} query
   */
  #listed(id, query) {
    let list = this.#lists.get(id);
    if (list) this.#lists.delete(id);
    else {
      list = new View(this.#tickets, query, this.#me);
      this.#tickets.show(list);
    }
    this.#lists.set(id, list);
    for (const [oldest, old] of this.#lists) if (this.#lists.size > KEPT) this.#drop(oldest, old);
    this.#onWatched();
    if (list.state.peek() === "empty" || list.state.peek() === "failed") this.reload(list);
    return list;
  }

  /** Lists of views that are gone, or ask for something else. @param {Named[]} views */
  #dropOthers(views) {
    const now = new Map(views.map(({ id, query }) => [id, JSON.stringify(query)]));
    for (const { id, query } of this.all.peek()) {
      if (now.get(id) === JSON.stringify(query)) continue;
      for (const [name, list] of this.#lists) if (viewOf(name) === id) this.#drop(name, list);
    }
  }

  /**
   * @param {string} id
   * @param {View} list
   */
  #drop(id, list) {
    this.#lists.delete(id);
    this.#tickets.hide(list);
  }

  /**
   * @param {View} list
   * @param {string | null} next
   */
  async #page(list, next) {
    list.state.value = "loading";
    const asOf = this.#tickets.stamp();
    try {
      const page = next
        ? await this.#get(next)
        : await this.#get("/csr/tickets", { ...list.query, limit: PAGE });
      this.#tickets.putAll(page.data, asOf);
      list.page(page.data, { next: page.next, isFirst: next === null });
    } catch {
      list.state.value = "failed";
    }
  }
}
