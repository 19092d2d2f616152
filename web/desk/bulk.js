/** One change of several tickets: each is made or refused by itself. */

import { ApiError, post } from "../shared/api.js";
import { newKey } from "../shared/keys.js";
import { t } from "../shared/words.js";
import { sent } from "./changes.js";
import { targets } from "./moves.js";
import { say } from "./notices.js";

/** @typedef {import("./changes.js").Change} Change */
/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {{ticket_id: string, ok: boolean, ticket?: import("./types.js").Row, error?: {code: string}}} Result */

const MOST_NAMED = 5;

export class Bulk {
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /**
   * @param {Change} change
   * @param {string[]} [ids]
   */
  async make(change, ids = targets(this.#desk)) {
    const { changes } = this.#desk;
    const [first] = ids;
    if (ids.length === 1 && first) {
      await changes.make(first, change);
      return;
    }
    await this.#makeAll(ids, change);
  }

  /**
   * Adds tags to each, which may have others.
   * @param {string[]} tags
   * @param {string[]} [ids]
   */
  async addTags(tags, ids = targets(this.#desk)) {
    const changes = ids.map((id) => {
      const has = this.#desk.tickets.peek(id)?.tags ?? [];
      return /** @type {[string, Change]} */ ([
        id,
        { fields: { tags: [...new Set([...has, ...tags])] } },
      ]);
    });
    const made = await this.#desk.changes.makeEach(changes);
    this.#say(
      ids,
      made.map((ok, n) => ({ ticket_id: ids[n] ?? "", ok })),
    );
  }

  /**
   * @param {string[]} ids
   * @param {Change} change
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
    if (results.length) this.#say(ids, results);
  }

  /**
   * @param {string[]} ids
   * @param {Change} change
   * @returns {Promise<Result[]>} nothing, if all of it was refused
   */
  async #ask(ids, change) {
    const body =
      "assignee" in change
        ? { ticket_ids: ids, assign: { assignee_id: change.assignee } }
        : { ticket_ids: ids, change: sent(change) };
    try {
      const headers = { "Idempotency-Key": newKey() };
      return (await post("/csr/tickets/bulk", body, headers)).data;
    } catch (error) {
      const detail = error instanceof ApiError ? error.detail : String(error);
      say(t("desk.bulk.failed", { detail }), { manner: "refused" });
      return [];
    }
  }

  /**
   * @param {string[]} ids
   * @param {Result[]} results
   */
  #say(ids, results) {
    const failed = results.filter(({ ok }) => !ok);
    if (ids.length < 2) return;
    const action = { label: t("desk.undo"), run: () => this.#desk.undo() };
    if (!failed.length) {
      say(t("desk.bulk.done", { count: results.length }), { action });
      return;
    }
    const names = failed
      .slice(0, MOST_NAMED)
      .map(
        ({ ticket_id: id, error }) =>
          `#${this.#desk.tickets.peek(id)?.number ?? "?"} ${error?.code ?? ""}`,
      );
    const values = { count: failed.length, done: results.length - failed.length };
    say(t("desk.bulk.partly", { ...values, names: names.join(", ") }), {
      manner: "refused",
      action,
    });
  }
}
