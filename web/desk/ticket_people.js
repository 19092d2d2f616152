/** Who has to do with the open ticket beside its customer and assignee, and what it is linked with. */

import { batch, computed, signal } from "@preact/signals";
import { del, get, put } from "../shared/api.js";
import { t } from "../shared/words.js";
import { say } from "./notices.js";
import { refuse } from "./reasons.js";

/** @typedef {import("../../client/types.d.ts").Person} Person */
/** @typedef {import("../../client/types.d.ts").LinkedTicket} LinkedTicket */
/** @typedef {import("../../client/types.d.ts").LinkKind} LinkKind */

/** Kinds of events by which what is shown here may be another. */
const ABOUT = new Set(["participants_changed", "linked", "unlinked", "merged_from", "unmerged"]);

export class TicketPeople {
  participants = signal(/** @type {Person[]} */ ([]));
  followers = signal(/** @type {Person[]} */ ([]));
  links = signal(/** @type {LinkedTicket[]} */ ([]));
  isFollowing = computed(() => this.followers.value.some(({ id }) => id === this.#me));
  #id;
  #me;
  /** @type {Promise<void> | null} */ #loading = null;

  /**
   * @param {string} id the ticket's
   * @param {string} me
   */
  constructor(id, me) {
    this.#id = id;
    this.#me = me;
  }

  /** Once; what could not be read is asked for again the next time. */
  load() {
    this.#loading ??= this.#read().catch(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** @param {import("./types.js").Event} event what happened on the ticket */
  hear(event) {
    const isMention =
      (event.kind === "message_posted" || event.kind === "note_posted") &&
      event.data.mentions.length > 0;
    if (isMention || ABOUT.has(event.kind)) this.#refresh();
  }

  /** @param {string} address of a customer, whom it makes where there is none */
  add(address) {
    return this.#change(
      put(`/csr/tickets/${this.#id}/participants/${encodeURIComponent(address)}`),
    );
  }

  /** @param {string} userId */
  takeOff(userId) {
    return this.#change(del(`/csr/tickets/${this.#id}/participants/${userId}`));
  }

  /** The person follows the ticket, or no longer does. */
  async follow() {
    await this.load();
    const follows = !this.isFollowing.peek();
    const path = `/tickets/${this.#id}/followers/me`;
    const isDone = await this.#change(follows ? put(path) : del(path));
    if (isDone) say(t(follows ? "desk.follows.you" : "desk.follows.no_more"));
  }

  /**
   * @param {string} number of the other ticket
   * @param {LinkKind} kind
   */
  link(number, kind) {
    return this.#change(put(`/csr/tickets/${this.#id}/links/${Number(number)}`, { kind }));
  }

  /** @param {LinkedTicket} other */
  unlink({ id, kind }) {
    return this.#change(del(`/csr/tickets/${this.#id}/links/${id}?kind=${kind}`));
  }

  /** @param {Promise<unknown>} changing @returns {Promise<boolean>} whether it was done */
  async #change(changing) {
    try {
      await changing;
      await this.#refresh();
      return true;
    } catch (error) {
      refuse(error);
      return false;
    }
  }

  #refresh() {
    this.#loading = null;
    return this.load();
  }

  async #read() {
    const [participants, followers, links] = await Promise.all([
      get(`/tickets/${this.#id}/participants`),
      get(`/tickets/${this.#id}/followers`),
      get(`/csr/tickets/${this.#id}/links`),
    ]);
    batch(() => {
      this.participants.value = participants.data;
      this.followers.value = followers.data;
      this.links.value = links.data;
    });
  }
}
