/** One change of several tickets: each is made or refused by itself. */

import { signal } from "@preact/signals";
import { ApiError, post } from "../shared/api.js";
import { newKey } from "../shared/keys.js";
import { t } from "../shared/words.js";
import { sent } from "./changes.js";
import { targets } from "./moves.js";
import { say } from "./notices.js";
import { overlay } from "./overlays.js";
import { selectFound } from "./select_found.js";

/** @typedef {import("./changes.js").Change} Change */
/** @typedef {Change | {addTags: string[]}} ManyChange */
/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {{ticket_id: string, ok: boolean, ticket?: import("./types.js").Row, error?: {code: string}}} Result */

const MOST_NAMED = 5;
/** One request names so many. */
const MOST_IDS = 100;
/** The server tries further tickets for 45 seconds. */
const PATIENCE = 60_000;

export class Bulk {
  /** How many tickets are being changed, of so many that it takes a while; else 0. */
  running = signal(0);
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /**
   * Whether the person is asked before.
   * @param {string[]} ids
   */
  isLarge(ids) {
    return ids.length > MOST_IDS || this.#desk.selection.query.peek() !== null;
  }

  /**
   * @param {ManyChange} change
   * @param {string[]} [ids]
   */
  async make(change, ids = targets(this.#desk)) {
    const [first] = ids;
    if (this.isLarge(ids)) overlay.value = { name: "many", change };
    else if ("addTags" in change) await this.#makeEach(ids, change);
    else if (ids.length === 1 && first) await this.#desk.changes.make(first, change);
    else if ("snooze" in change) await this.#makeEach(ids, change);
    else await this.#makeAll(ids, change);
  }

  /**
   * What was asked for before, of all that is selected.
   * @param {ManyChange} change
   */
  async makeLarge(change) {
    const ids = targets(this.#desk);
    this.running.value = ids.length;
    try {
      if ("addTags" in change || "snooze" in change) await this.#makeEach(ids, change);
      else await this.#makeAll(ids, change);
    } finally {
      this.running.value = 0;
    }
  }

  /**
   * A request for each: tags are added to those that each has, and to snooze is a route of its own.
   * @param {string[]} ids
   * @param {{addTags: string[]} | {snooze: import("../../client/types.d.ts").Snooze | null}} change
   */
  async #makeEach(ids, change) {
    /** @param {string} id @returns {[string, Change]} */
    const changeOf = (id) => {
      if ("snooze" in change) return [id, change];
      const has = this.#desk.tickets.peek(id)?.tags ?? [];
      return [id, { fields: { tags: [...new Set([...has, ...change.addTags])] } }];
    };
    const made = await this.#desk.changes.makeEach(ids.map(changeOf));
    this.#say(made.map((ok, n) => ({ ticket_id: ids[n] ?? "", ok })));
  }

  /**
   * @param {string[]} ids
   * @param {Exclude<Change, {snooze: unknown}>} change
   */
  async #makeAll(ids, change) {
    const { changes } = this.#desk;
    const begun = ids.map((id) => changes.begin(id, change));
    const answered = this.#ask(ids, change);
    const done = answered.then((results) => {
      const byId = new Map(results.map((result) => [result.ticket_id, result]));
      return begun.flatMap((one) => (one?.end(byId.get(one.id)?.ticket ?? null) ? one.done : []));
    });
    changes.remember(done);
    await done;
    const results = await answered;
    if (results.length) this.#say(results);
  }

  /**
   * @param {string[]} ids
   * @param {Exclude<Change, {snooze: unknown}>} change
   * @returns {Promise<Result[]>} of those that were tried
   */
  async #ask(ids, change) {
    const query = this.#desk.selection.query.peek();
    const parts = query
      ? [{ query, expect_count: ids.length }]
      : chunks(ids).map((ticket_ids) => ({ ticket_ids }));
    const what =
      "assignee" in change
        ? { assign: { assignee_id: change.assignee } }
        : { change: sent(change) };
    /** @type {Result[]} */
    const results = [];
    for (const part of parts) {
      const headers = { "Idempotency-Key": newKey() };
      try {
        const { data } = await post("/csr/tickets/bulk", { ...part, ...what }, headers, PATIENCE);
        results.push(...data);
      } catch (error) {
        if (!results.length) {
          this.#refused(error);
          return [];
        }
        const { code } = error instanceof ApiError ? error : { code: "unknown" };
        const left = ids.slice(results.length);
        return [...results, ...left.map((id) => ({ ticket_id: id, ok: false, error: { code } }))];
      }
    }
    return results;
  }

  /** @param {unknown} error */
  #refused(error) {
    if (error instanceof ApiError && error.code === "count_changed") {
      const action = { label: t("desk.do.select_found"), run: () => selectFound(this.#desk) };
      say(t("desk.bulk.count_changed"), { manner: "refused", action });
      return;
    }
    const detail = error instanceof ApiError ? error.detail : String(error);
    say(t("desk.bulk.failed", { detail }), { manner: "refused" });
  }

  /** Those that were refused stay selected. @param {Result[]} results */
  #say(results) {
    const failed = results.filter(({ ok }) => !ok);
    const { selection, tickets } = this.#desk;
    if (selection.query.peek()) selection.set(failed.map(({ ticket_id }) => ticket_id));
    if (results.length < 2) return;
    const action = { label: t("desk.undo"), run: () => this.#desk.undo() };
    if (!failed.length) {
      say(t("desk.bulk.done", { count: results.length }), { action });
      return;
    }
    const names = failed
      .slice(0, MOST_NAMED)
      .map(
        ({ ticket_id: id, error }) => `#${tickets.peek(id)?.number ?? "?"} ${error?.code ?? ""}`,
      );
    const values = { count: failed.length, done: results.length - failed.length };
    say(t("desk.bulk.partly", { ...values, names: names.join(", ") }), {
      manner: "refused",
      action,
      stays: true,
    });
  }
}

/** @param {string[]} ids */
function chunks(ids) {
  const parts = [];
  for (let from = 0; from < ids.length; from += MOST_IDS)
    parts.push(ids.slice(from, from + MOST_IDS));
  return parts;
}
