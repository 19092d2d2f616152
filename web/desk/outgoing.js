/** Messages of one ticket that are not in its timeline yet: held, sending, or refused. */

import { signal } from "@preact/signals-core";
import { newKey } from "../shared/keys.js";
import { mentionedIn } from "./mentions.js";

/** @typedef {import("./types.js").Event} Event */
/** @typedef {import("./types.js").Kind} Kind */
/** @typedef {import("../shared/uploads.js").Info} Info */
/** @typedef {import("./macros/macros.js").Macro} Macro */
/** @typedef {import("../../client/types.d.ts").Use} Use */
/** @typedef {{macro: Macro, kind: Kind}} Chosen */
/**
 * @typedef {object} Message
 * @property {string} clientId
 * @property {string} content
 * @property {Kind} kind
 * @property {"held" | "sending" | "failed"} state
 * @property {string} [code] why it failed
 * @property {Event[]} [events] what was said meanwhile, where it failed for that
 * @property {number | null} expectSeq
 * @property {Info[]} files
 * @property {string} [detail] more of why a macro was refused
 * @property {Macro} [macro] what is used with it
 * @property {(sent: Use) => Promise<void>} [use] how
 */

/** @typedef {{code?: string, detail?: string, events?: Event[], body?: {events?: Event[]}}} Refused */

const HOLD_MS = 5000;

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Outgoing {
  messages = signal(/** @type {Message[]} */ ([]));
  /** The macros that are being used, by the names of their messages. */
  #using = new Set();
  #opened;

  /** @param {import("./opened.js").Opened} opened */
  constructor(opened) {
    this.#opened = opened;
  }

  /**
   * @param {string} content
   * @param {Kind} kind
   * @param {{expectSeq?: number | null, isHeld?: boolean, files?: Info[],
   *   macro?: Pick<Message, "macro" | "use">}} [how] `expectSeq`: the last number that the person
   *   knew of; `isHeld`: it can be taken back for a while; `macro`: it is sent with that
   */
  send(content, kind, { expectSeq = null, isHeld = false, files = [], macro } = {}) {
    const clientId = newKey();
    const state = isHeld ? /** @type {const} */ ("held") : "sending";
    this.#put({ clientId, content, kind, state, expectSeq, files, ...macro });
    if (isHeld) setTimeout(() => this.#hold(clientId), HOLD_MS);
    this.#send(clientId, isHeld ? HOLD_MS : 0);
  }

  /**
   * Once more, under the same id: what arrived after all is not said twice.
   * @param {string} clientId
   * @param {{expectSeq?: number | null}} [how]
   */
  tryAgain(clientId, { expectSeq = null } = {}) {
    const message = this.#get(clientId);
    if (!message) return;
    this.#put({
      ...message,
      state: "sending",
      code: undefined,
      events: undefined,
      detail: undefined,
      expectSeq,
    });
    this.#send(clientId);
  }

  /**
   * Takes a held or refused message back.
   * @param {string} clientId
   * @returns {Message | null}
   */
  takeBack(clientId) {
    const message = this.#get(clientId);
    if (!message) return null;
    const { desk, id } = this.#opened;
    const isStopped = message.use ? message.state === "held" : desk.live.cancel(id, clientId);
    if (message.state !== "failed" && !isStopped) return null;
    this.#drop(clientId);
    return message;
  }

  /** The newest that can still be taken back. */
  get lastHeld() {
    return this.messages.peek().findLast(({ state }) => state === "held") ?? null;
  }

  /** @param {Event} event */
  hear(event) {
    const clientId = "client_id" in event.data ? event.data.client_id : null;
    if (typeof clientId === "string" && event.actor_id === this.#opened.desk.me.id)
      this.#drop(clientId);
  }

  /** What was written before the page was loaded anew, or on the connection before. */
  resume() {
    for (const { client_id, content, internal } of this.#opened.handle?.unsent ?? []) {
      if (this.#get(client_id)) continue;
      const kind = internal ? "note" : "reply";
      this.#put({
        clientId: client_id,
        content,
        kind,
        state: "sending",
        expectSeq: null,
        files: [],
      });
    }
    for (const { clientId, state } of this.messages.peek()) {
      const isKnown = this.#opened.handle?.unsent.some(({ client_id }) => client_id === clientId);
      if (state === "sending" && !isKnown) this.#send(clientId);
    }
  }

  /** It cannot be taken back any more. @param {string} clientId */
  #hold(clientId) {
    const message = this.#get(clientId);
    if (message?.state === "held") this.#put({ ...message, state: "sending" });
  }

  /**
   * @param {string} clientId
   * @param {number} [holdFor]
   */
  async #send(clientId, holdFor = 0) {
    const { handle } = this.#opened;
    const message = this.#get(clientId);
    if (!handle || !message) return; // It goes out once somebody is signed in again.
    const { content, kind, expectSeq, files, use } = message;
    const isReply = kind === "reply";
    try {
      if (use) await this.#use(message, use, holdFor);
      else
        await handle.send(content, {
          clientId,
          internal: !isReply,
          draft: true,
          attachmentIds: files.map(({ id }) => id),
          mentions: this.#mentioned(content),
          ...(holdFor && { holdFor }),
          ...(isReply && expectSeq !== null && { expectSeq }),
        });
      // The timeline takes it away; if that is closed meanwhile, nothing shows it any more.
    } catch (error) {
      const { code, detail, events, body } = /** @type {Refused} */ (error);
      // Closed with the connection: the next one sends it. Cancelled: by the person.
      if (code === "closed" || code === "cancelled") return;
      const still = this.#get(clientId);
      if (still) {
        const why = { code: code ?? "unknown", events: events ?? body?.events };
        this.#put({ ...still, state: "failed", ...why, ...(use && { detail }) });
      }
    }
  }

  /**
   * With a macro, which is asked for once at a time: a new connection would ask again.
   * @param {Message} message
   * @param {(sent: Use) => Promise<void>} use
   * @param {number} holdFor
   */
  async #use({ clientId, content, kind, expectSeq, files }, use, holdFor) {
    if (this.#using.has(clientId)) return;
    this.#using.add(clientId);
    try {
      if (holdFor) await pause(holdFor);
      if (!this.#get(clientId)) return; // It was taken back.
      await use({
        client_id: clientId,
        content,
        draft: true,
        expect_seq: kind === "reply" ? expectSeq : null,
        attachment_ids: files.map(({ id }) => id),
        mentions: this.#mentioned(content),
      });
    } finally {
      this.#using.delete(clientId);
    }
  }

  /** @param {string} content */
  #mentioned(content) {
    const { team, me } = this.#opened.desk;
    return mentionedIn(content, team.sorted.peek(), me.id);
  }

  /** @param {string} clientId */
  #get(clientId) {
    return this.messages.peek().find((message) => message.clientId === clientId);
  }

  /** @param {Message} message */
  #put(message) {
    const others = this.messages.peek();
    const place = others.findIndex(({ clientId }) => clientId === message.clientId);
    this.messages.value =
      place < 0 ? [...others, message] : others.map((one, n) => (n === place ? message : one));
  }

  /** @param {string} clientId */
  #drop(clientId) {
    const left = this.messages.peek().filter((message) => message.clientId !== clientId);
    if (left.length !== this.messages.peek().length) this.messages.value = left;
  }
}
