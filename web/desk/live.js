/** The live connection. It stands as long as the session does, whatever is on the screen. */

import { signal } from "@preact/signals";
import { DeskClient } from "ticket-desk-client";
import { clientToken } from "../shared/client_token.js";
import { accessToken, start } from "../shared/session.js";
import { hasFailed } from "../shared/storage.js";

/** @typedef {import("../../client/index.d.ts").Ticket} Handle */
/** @typedef {{state: "connecting" | "live" | "offline", since: number}} Connection */
/** @typedef {Record<string, (payload: any) => void>} Listeners */

export class Live {
  connection = signal(/** @type {Connection} */ ({ state: "connecting", since: Date.now() }));

  /** @type {DeskClient | null} */ #client = null;
  /** @type {Listeners} */ #listeners;
  #onTold;
  /** @type {{views: string[], ticketIds: string[]} | null} */ #watched = null;
  #isIdle = false;
  /** Since when nobody may have told what happened: since this began. @type {number | null} */
  #untoldSince = Date.now();
  #wasLive = false;

  /**
   * @param {Listeners} listeners for what is told to the person, by the name of the event
   * @param {(since: number, isBack: boolean) => void} onTold what is watched is told of again, and
   *   since when it was not, at the latest. `isBack`: after a lost connection
   */
  constructor(listeners, onTold) {
    this.#listeners = listeners;
    this.#onTold = onTold;
    // What is held back for an undo is sent after all.
    addEventListener("pagehide", () => this.#client?.hurry());
  }

  get isOpen() {
    return this.#client !== null;
  }

  /** Connects, after signing in or again. */
  open() {
    this.close();
    const client = new DeskClient({
      url: location.origin,
      getToken: clientToken(accessToken),
      storage: () => localStorage,
    });
    this.#client = client;
    client.on("storage_failed", () => {
      hasFailed.value = true;
    });
    client.on("connected", ({ since }) => this.#connected(since));
    client.on("disconnected", () => this.#lost());
    // Its token was refused for good: the session has heard of that, or gives another one.
    client.on("signed_out", () => this.#again(client));
    for (const [name, listener] of Object.entries(this.#listeners)) {
      client.on(/** @type {any} */ (name), listener);
    }
    if (this.#isIdle) client.idle().catch(() => {});
  }

  /** What was not sent stays in the browser, and is sent when the same person is back. */
  close() {
    this.#client?.close();
    this.#client = null;
    this.#lost();
  }

  /**
   * The ticket's handle; null while nobody is signed in.
   * @param {string} id
   * @param {number} after
   */
  ticket(id, after) {
    return this.#client?.ticket(id, { after }) ?? null;
  }

  /**
   * Takes a message back; null if it was sent, or may have been.
   * @param {string} ticketId
   * @param {string} clientId
   */
  cancel(ticketId, clientId) {
    return this.#client?.cancel(ticketId, clientId) ?? null;
  }

  /**
   * What is told of other tickets than the open one.
   * @param {string[]} views
   * @param {string[]} ticketIds
   */
  watch(views, ticketIds) {
    const before = this.#watched;
    this.#watched = { views, ticketIds };
    if (before && isSame(before.views, views) && isSame(before.ticketIds, ticketIds)) return;
    this.#beTold();
  }

  /** What happened before it was watched was told to nobody: it is time to read that. */
  async #beTold() {
    const client = this.#client;
    if (!client || !this.#watched) return;
    await client.watch(this.#watched.views, this.#watched.ticketIds).catch(() => {});
    const since = this.#untoldSince;
    const isLive = client === this.#client && this.connection.peek().state === "live";
    if (!isLive || since === null) return;
    this.#untoldSince = null;
    this.#onTold(since, this.#wasLive);
    this.#wasLive = true;
  }

  /** @param {boolean} isIdle whether nobody is in front of the page */
  idle(isIdle) {
    this.#isIdle = isIdle;
    this.#client?.idle(isIdle).catch(() => {});
  }

  /** @param {number | null} heard until when the server was heard, where that is known */
  #connected(heard) {
    this.connection.value = { state: "live", since: Date.now() };
    if (this.#untoldSince !== null && heard !== null)
      this.#untoldSince = Math.min(this.#untoldSince, heard);
    this.#beTold();
  }

  #lost() {
    if (this.connection.peek().state === "live") {
      this.connection.value = { state: "offline", since: Date.now() };
      this.#untoldSince ??= Date.now();
    }
  }

  /**
   * Finds out whether somebody is signed in yet; this is opened again where the session says so.
   * @param {DeskClient} client
   */
  #again(client) {
    if (this.#client !== client) return;
    this.#client = null;
    this.#lost();
    start();
  }
}

/**
 * @param {string[]} a
 * @param {string[]} b
 */
const isSame = (a, b) => a.length === b.length && a.every((id, n) => id === b[n]);
