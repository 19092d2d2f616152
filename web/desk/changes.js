/** Changes of tickets: shown at once, sent one after the other, taken back if refused, undone. */

import { ApiError, del, patch, post } from "../shared/api.js";
import { t } from "../shared/words.js";
import { say } from "./notices.js";
import { fetchPart } from "./parts/later.js";
import { sentences } from "./parts/parts.js";

/** @typedef {import("./types.js").Row} Row */
/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {Partial<Pick<Row, "status" | "priority" | "tags" | "category" | "team_id" | "required_skills">>} Fields */
/** @typedef {import("../shared/fields.js").Value} Value */
/** @typedef {import("../../client/types.d.ts").Snooze} Snooze */
/**
 * Of the ticket's own columns, of custom fields by their keys, whose it is, or until when it sleeps.
 * @typedef {{fields: Fields} | {values: Record<string, Value | null>} | {assignee: string | null} | {snooze: Snooze | null}} Change
 */
/**
 * What was done to a ticket: a change and its inverse, or what undoes it all by itself.
 * @typedef {{id: string, number: number, forth: Change, back: Change}
 *   | {id: string, number: number, undo: () => Promise<boolean>}} Done
 */

const MOST_UNDONE = 50;
const MOST_TRIES = 3;

export class Changes {
  /** The newest last; what was done in one go is undone in one. @type {Promise<Done[]>[]} */ #done =
    [];
  /** The last one that was asked for, by ticket. @type {Map<string, Promise<unknown>>} */
  #queues = new Map();
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /**
   * @param {string} id
   * @param {Change} change
   * @returns {Promise<boolean>} whether it was made
   */
  async make(id, change) {
    const [isMade = false] = await this.makeEach([[id, change]]);
    return isMade;
  }

  /**
   * Several changes that are undone in one go.
   * @param {[id: string, change: Change][]} changes
   * @returns {Promise<boolean[]>} which were made
   */
  makeEach(changes) {
    const started = changes.map(([id, change]) => this.#start(id, change));
    const made = Promise.all(started.map(({ sent }) => sent));
    const done = made.then((all) =>
      started.flatMap((one, n) => (one.done && all[n] ? one.done : [])),
    );
    if (started.some((one) => one.done)) this.remember(done);
    return made;
  }

  /**
   * @param {string} id
   * @param {Change} change
   * @returns {{sent: Promise<boolean>, done: Done | null}} `done`: null if it was so already
   */
  #start(id, change) {
    const begun = this.begin(id, change);
    if (!begun) return { sent: Promise.resolve(true), done: null };
    const before = this.#queues.get(id) ?? Promise.resolve();
    const sent = before.then(async () => {
      try {
        begun.end(await this.#send(id, change));
        return true;
      } catch (error) {
        begun.end(current(error));
        this.#refused(begun.row, change, error);
        return false;
      }
    });
    this.#queues.set(id, sent);
    return { sent, done: begun.done };
  }

  /**
   * Shows a change before the server has answered; null if there is nothing to change.
   * @param {string} id
   * @param {Change} change
   */
  begin(id, change) {
    const { tickets } = this.#desk;
    const row = tickets.peek(id);
    if (!row || isAsWanted(row, change)) return null;
    const pending = tickets.begin(id, this.#shown(row, change));
    /** @type {Done} */
    const done = { id, number: row.number, forth: change, back: inverse(row, change) };
    /** @param {Row | null} answer */
    const end = (answer) => {
      tickets.settle(id, pending, answer);
      return answer !== null;
    };
    return { id, row, done, end };
  }

  /** The person takes the ticket, as nobody else has it. @param {string} id */
  take(id) {
    return this.make(id, { assignee: this.#desk.me.id });
  }

  /** Undoes what was changed last, once that is answered, unless somebody changed it since. */
  async undo() {
    const last = this.#done.pop();
    if (!last) say(t("desk.undo.nothing"));
    const undone = await Promise.all(((await last) ?? []).map((done) => this.#undo(done)));
    const numbers = undone.filter((number) => number !== null);
    const [number] = numbers;
    if (number) say(t("desk.undo.done", { count: numbers.length, number: String(number) }));
  }

  /** @param {Promise<Done[]>} done in one go */
  remember(done) {
    this.#done = [...this.#done, done].slice(-MOST_UNDONE);
  }

  /**
   * @param {Done} done
   * @returns {Promise<number | null>} of the ticket that is as it was
   */
  async #undo(done) {
    if ("undo" in done) return (await done.undo()) ? done.number : null;
    const row = this.#desk.tickets.peek(done.id);
    if (row && !isAsWanted(row, done.forth)) {
      say(t("desk.undo.changed", { number: String(done.number) }), { manner: "refused" });
      return null;
    }
    return (await this.#start(done.id, done.back).sent) ? done.number : null;
  }

  /**
   * Only if the ticket is as the person saw it; what others changed of it besides does not matter.
   * @param {string} id
   * @param {Change} change
   * @returns {Promise<Row>}
   */
  async #send(id, change) {
    let seen = this.#desk.tickets.confirmed(id);
    for (let tries = 1; ; tries++) {
      const headers = { "If-Match": `"${seen?.version ?? 0}"` };
      try {
        const { data } = await this.#ask(id, change, headers);
        return data;
      } catch (error) {
        const now = current(error);
        if (!now || !seen || tries === MOST_TRIES || !isSameFor(change, seen, now)) throw error;
        seen = now;
      }
    }
  }

  /**
   * @param {string} id
   * @param {Change} change
   * @param {Record<string, string>} headers
   */
  #ask(id, change, headers) {
    if ("assignee" in change) return this.#assign(id, change.assignee, headers);
    if (!("snooze" in change)) return patch(`/csr/tickets/${id}`, sent(change), headers);
    const path = `/csr/tickets/${id}/snooze`;
    return change.snooze ? post(path, change.snooze, headers) : del(path, headers);
  }

  /**
   * @param {string} id
   * @param {string | null} assignee_id
   * @param {Record<string, string>} headers
   */
  #assign(id, assignee_id, headers) {
    const row = this.#desk.tickets.confirmed(id);
    // To claim says that nobody else has it: of two who take it at once one is told.
    if (assignee_id === this.#desk.me.id && row && row.assigned_to_id === null) {
      return post(`/csr/tickets/${id}/claim`);
    }
    return post(`/csr/tickets/${id}/assign`, { assignee_id }, headers);
  }

  /**
   * @param {Row} row
   * @param {Change} change
   * @returns {Partial<Row>}
   */
  #shown(row, change) {
    if ("assignee" in change) {
      const { assignee: id } = change;
      const person = id ? { id, full_name: this.#desk.people.name(id) } : null;
      return /** @type {Partial<Row>} */ ({ assigned_to_id: id, assignee: person });
    }
    if ("snooze" in change) return { snoozed_until: change.snooze?.until ?? null };
    if ("values" in change) {
      const values = Object.entries({ ...row.fields, ...change.values });
      const left = values.filter(([, value]) => value !== null);
      return /** @type {Partial<Row>} */ ({ fields: Object.fromEntries(left) });
    }
    const isOver = change.fields.status === "resolved" || change.fields.status === "closed";
    return { ...change.fields, ...(isOver && { waiting_on: null }) };
  }

  /**
   * @param {Row} row
   * @param {Change} change
   * @param {unknown} error
   */
  async #refused(row, change, error) {
    const values = { number: String(row.number) };
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "version_mismatch") {
      const theirs = await this.#theirs(row).catch(() => null);
      const key = theirs ? "desk.refused.changed_by" : "desk.refused.changed";
      say(t(key, { ...values, change: theirs ?? "" }), { manner: "refused" });
    } else if (error.isOffline) {
      const action = { label: t("desk.try_again"), run: () => this.make(row.id, change) };
      say(t("desk.refused.offline", values), { manner: "refused", action });
    } else {
      say(t("desk.refused.other", { ...values, detail: error.detail }), { manner: "refused" });
    }
  }

  /**
   * Who was first, and what they changed.
   * @param {Row} row
   * @returns {Promise<string | null>}
   */
  async #theirs(row) {
    const { othersChange } = await fetchPart(sentences);
    return othersChange(this.#desk, row);
  }
}

/**
 * @param {unknown} error
 * @returns {Row | null} the ticket as it is, where the refusal says that
 */
const current = (error) => (error instanceof ApiError ? (error.body.current ?? null) : null);

/**
 * The body of the request.
 * @param {{fields: Fields} | {values: Record<string, Value | null>}} change
 */
export const sent = (change) => ("values" in change ? { fields: change.values } : change.fields);

/**
 * @param {Row} row
 * @param {Change} change
 * @returns {Change}
 */
function inverse(row, change) {
  if ("assignee" in change) return { assignee: row.assigned_to_id };
  if ("snooze" in change)
    return { snooze: row.snoozed_until ? { until: row.snoozed_until } : null };
  if ("values" in change) {
    const keys = Object.keys(change.values);
    return { values: Object.fromEntries(keys.map((key) => [key, row.fields[key] ?? null])) };
  }
  const names = /** @type {(keyof Fields)[]} */ (Object.keys(change.fields));
  return { fields: Object.fromEntries(names.map((name) => [name, row[name]])) };
}

/**
 * @param {Row} row
 * @param {Change} change
 */
function isAsWanted(row, change) {
  if ("assignee" in change) return row.assigned_to_id === change.assignee;
  if ("snooze" in change) return timeOf(row.snoozed_until) === timeOf(change.snooze?.until);
  if ("values" in change) {
    return Object.entries(change.values).every(([key, value]) =>
      isEqual(row.fields[key] ?? null, value),
    );
  }
  return Object.entries(change.fields).every(([name, value]) =>
    isEqual(row[/** @type {keyof Fields} */ (name)], value),
  );
}

/**
 * @param {Change} change
 * @param {Row} before
 * @param {Row} after
 */
function isSameFor(change, before, after) {
  return isAsWanted(after, inverse(before, change));
}

/**
 * Tags and choices have no order.
 * @param {unknown} a
 * @param {unknown} b
 */
const isEqual = (a, b) =>
  Array.isArray(a) && Array.isArray(b) ? sorted(a) === sorted(b) : a === b;
/** The server writes a time otherwise than we do. @param {string | null | undefined} at */
const timeOf = (at) => (at ? Date.parse(at) : null);
/** @param {unknown[]} tags */
const sorted = (tags) => JSON.stringify([...tags].sort());
