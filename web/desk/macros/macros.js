/** Macros: which of them the person may use; using one, and undoing that. */

import { computed, signal } from "@preact/signals";
import { ApiError, getAll, post } from "../../shared/api.js";
import { newKey } from "../../shared/keys.js";
import { t } from "../../shared/words.js";
import { say } from "../notices.js";
import { refuse } from "../reasons.js";

/** @typedef {import("../../../client/types.d.ts").Macro} Macro */
/** @typedef {import("../../../client/types.d.ts").Use} Use */
/** @typedef {import("../../../client/types.d.ts").MacroUsed} Used */
/** @typedef {import("../desk.js").Desk} Desk */

const MOST_OFFERED = 8;

export class Macros {
  all = signal(/** @type {Macro[]} */ ([]));
  byId = computed(() => new Map(this.all.value.map((macro) => [macro.id, macro])));
  /** Those used most first, else by their names. */
  sorted = computed(() =>
    this.all.value.toSorted((a, b) => b.uses - a.uses || a.name.localeCompare(b.name)),
  );
  /** @type {Promise<void> | null} */ #loading = null;
  #desk;

  /** @param {Desk} desk */
  constructor(desk) {
    this.#desk = desk;
  }

  /** Asks for them, where nobody has yet. */
  need() {
    this.#loading ??= this.load().catch(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async load() {
    this.all.value = await getAll("/csr/macros");
  }

  /**
   * Those in whose names a word begins as each of what is typed does.
   * @param {string} typed
   */
  fitting(typed) {
    const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (/** @type {Macro} */ { name }) => {
      const words = name.toLowerCase().split(/[\s–-]+/);
      return wanted.every((part) => words.some((word) => word.startsWith(part)));
    };
    return this.sorted.value.filter(fits).slice(0, MOST_OFFERED);
  }

  /**
   * @param {Macro} macro
   * @param {string} ticketId
   * @returns {Promise<import("../../../client/types.d.ts").Previewed>}
   */
  async preview(macro, ticketId) {
    return (await post(`/csr/macros/${macro.id}/preview`, { ticket_id: ticketId })).data;
  }

  /**
   * All of it at once; it can be undone from what is said then, or by the key for that.
   * @param {Macro} macro
   * @param {string} ticketId
   * @param {Use} [sent]
   */
  async use(macro, ticketId, sent = { client_id: newKey() }) {
    /** @type {Used} */
    const { ticket, events } = (await post(`/tickets/${ticketId}/macros/${macro.id}`, sent)).data;
    this.#desk.tickets.put(ticket);
    const changed = events.find(({ kind }) => kind !== "message_posted" && kind !== "note_posted");
    const batch = changed?.data.cause?.batch;
    const { number } = ticket;
    const undo = () => this.#undo(ticketId, number, String(batch));
    if (batch) this.#desk.changes.remember(Promise.resolve([{ id: ticketId, number, undo }]));
    const action = { label: t("desk.undo"), run: () => this.#desk.changes.undo() };
    say(t(batch || !events.length ? "desk.macro.used" : "desk.macro.said", { name: macro.name }), {
      action: batch ? action : null,
    });
  }

  /**
   * What a message has that is sent with a macro.
   * @param {Macro} macro
   * @param {string} ticketId
   */
  sent(macro, ticketId) {
    return { macro, use: (/** @type {Use} */ sent) => this.use(macro, ticketId, sent) };
  }

  /**
   * @param {string} ticketId
   * @param {number} number
   * @param {string} batch
   * @returns {Promise<boolean>} whether the ticket is as it was
   */
  async #undo(ticketId, number, batch) {
    try {
      const { data } = await post(`/csr/tickets/${ticketId}/undo`, { batch });
      this.#desk.tickets.put(data.ticket);
      if (data.messages_kept) say(t("desk.macro.kept"));
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "changed_since") {
        say(t("desk.undo.changed", { number: String(number) }), { manner: "refused" });
      } else refuse(error);
      return false;
    }
  }
}

/** @type {WeakMap<Desk, Macros>} */
const known = new WeakMap();

/** @param {Desk} desk */
export function macrosOf(desk) {
  const macros = known.get(desk) ?? new Macros(desk);
  known.set(desk, macros);
  return macros;
}
