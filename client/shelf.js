import { checkedId, checkedMessage } from "./checks.js";

/**
 * Unsent messages in a `SafeStorage`: of one person, and each under a key of its own, so that two
 * tabs do not overwrite each other's. Without a storage nothing is kept.
 */
export class Shelf {
  #storage;
  #all;
  #own = null;
  #order = 0;

  constructor({ storage, storagePrefix = "desk" }) {
    this.#storage = storage;
    this.#all = `${storagePrefix}:unsent:`;
  }

  /** Only from here on it is known whose messages these are. */
  open(person) {
    this.#own = `${this.#all}${person}:`;
  }

  /** The place of a new message after all that were seen so far. */
  next() {
    return (this.#order = Math.max(Date.now(), this.#order + 1));
  }

  /** If the storage is full, it is sent all the same, as long as the page is there. */
  put({ ticketId, message, order, notBefore }) {
    if (!this.#isUsed) return;
    const kept = JSON.stringify({ ticketId, message, order, notBefore });
    this.#storage.setItem(this.#key(ticketId, message), kept);
  }

  /** Whether it is still there, also where that cannot be read just now. */
  has({ ticketId, message }) {
    return this.#isUsed && this.#storage.getItem(this.#key(ticketId, message)) !== null;
  }

  drop({ ticketId, message }) {
    if (this.#isUsed) this.#storage.removeItem(this.#key(ticketId, message));
  }

  /** All that is kept of this person. */
  left() {
    return this.#keys()
      .map((key) => this.#read(key))
      .filter(Boolean);
  }

  clear() {
    for (const key of this.#keys()) this.#storage.removeItem(key);
  }

  get #isUsed() {
    return Boolean(this.#storage) && this.#own !== null;
  }

  #key(ticketId, { client_id }) {
    return `${this.#own}${ticketId}:${client_id}`;
  }

  #keys() {
    if (!this.#isUsed) return [];
    const names = Array.from({ length: this.#storage.length }, (_, n) => this.#storage.key(n));
    return names.filter((name) => name?.startsWith(this.#own));
  }

  /** Nothing that could not be sent: it would be in the way for ever. */
  #read(key) {
    const kept = this.#storage.getItem(key);
    if (kept === undefined) return null; // It cannot be read just now.
    try {
      const { ticketId, message, order, notBefore } = JSON.parse(kept);
      const { client_id: clientId, content, internal, expect_seq: expectSeq, draft } = message;
      const { attachment_ids: attachmentIds, mentions } = message;
      checkedId(ticketId);
      const checked = checkedMessage(content, {
        internal,
        clientId,
        expectSeq,
        draft,
        attachmentIds,
        mentions,
      });
      this.#order = Math.max(this.#order, Number(order) || 0);
      return { ticketId, message: checked, order: Number(order) || 0, notBefore: Number(notBefore) || 0 };
    } catch {
      this.#storage.removeItem(key);
      return null;
    }
  }
}
