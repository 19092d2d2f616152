/** The drafts that this browser keeps, of one person: in memory, and over a reload. */

import { signal } from "@preact/signals-core";
import { readJson } from "../shared/storage.js";

/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("../../client/index.d.ts").Storage} Storage */
/**
 * @typedef {object} Draft
 * @property {string} content
 * @property {number} base what had been said when it was begun: a number of the timeline
 * @property {number} version of the server's copy; 0 if it has none
 * @property {boolean} isSaved whether the server has this text
 */

/**
 * @param {string} ticketId
 * @param {Kind} kind
 */
export const named = (ticketId, kind) => `${ticketId}:${kind}`;

/** @param {string} name */
export function parsed(name) {
  const [ticketId = "", ending] = name.split(":");
  const kind = /** @type {Kind} */ (ending === "note" ? "note" : "reply");
  return { ticketId, kind };
}

export class KeptDrafts {
  /** The tickets that have a draft. @type {import("@preact/signals-core").Signal<Set<string>>} */
  tickets = signal(new Set());

  /** @type {Map<string, Draft>} */ #drafts = new Map();
  #storage;
  #prefix;

  /**
   * @param {Storage} storage
   * @param {string} person
   */
  constructor(storage, person) {
    this.#storage = storage;
    this.#prefix = `desk:draft:${person}:`;
    for (let n = 0; n < storage.length; n++) this.#find(storage.key(n) ?? "");
    this.#list();
  }

  /** @returns {[string, Draft][]} by name, as they are now */
  all() {
    return [...this.#drafts];
  }

  /** @param {string} name */
  has(name) {
    return this.#drafts.has(name);
  }

  /** @param {string} name */
  get(name) {
    return this.#drafts.get(name);
  }

  /**
   * @param {string} name
   * @param {Draft} draft
   */
  keep(name, draft) {
    this.#drafts.set(name, draft);
    this.#storage.setItem(this.#prefix + name, JSON.stringify(draft));
    this.#list();
  }

  /** @param {string} name */
  forget(name) {
    this.#drafts.delete(name);
    this.#storage.removeItem(this.#prefix + name);
    this.#list();
  }

  /** Nothing of what the server has is left in this browser. */
  leave() {
    for (const [name, { isSaved }] of this.#drafts) {
      if (isSaved) this.#storage.removeItem(this.#prefix + name);
    }
  }

  /** @param {string} key */
  #find(key) {
    if (!key.startsWith(this.#prefix)) return;
    const kept = readJson(this.#storage, key);
    if (typeof kept?.content !== "string" || !kept.content) return;
    this.#drafts.set(key.slice(this.#prefix.length), {
      content: kept.content,
      base: Number(kept.base) || 0,
      version: Number(kept.version) || 0,
      isSaved: kept.isSaved === true,
    });
  }

  #list() {
    const ids = new Set();
    for (const [name, { content }] of this.#drafts) if (content) ids.add(parsed(name).ticketId);
    const before = this.tickets.peek();
    if (ids.size !== before.size || [...ids].some((id) => !before.has(id)))
      this.tickets.value = ids;
  }
}
