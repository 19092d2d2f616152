import { passes, pauses, sleep } from "./emitter.js";

/** What the server is to know of the connection: it is told again after each reconnect. */
export class Standing {
  #link;
  /** By the event that says it. */
  #payloads = new Map();

  /** @param link `call`, `isConnected` */
  constructor(link) {
    this.#link = link;
  }

  /** Says it, now and from now on. */
  keep(event, payload) {
    this.#payloads.set(event, payload);
    const told = this.#say(event);
    told.catch(() => {}); // Who does not wait for it is not to be woken up by it.
    return told;
  }

  connected() {
    for (const event of this.#payloads.keys()) this.#say(event).catch(() => {});
  }

  async #say(event) {
    const payload = this.#payloads.get(event);
    for (const pause of pauses()) {
      // Something else holds by now, or the next connection says it.
      if (this.#payloads.get(event) !== payload || !this.#link.isConnected()) return;
      try {
        await this.#link.call(event, payload);
        return;
      } catch (error) {
        if (error.code === "lost") return;
        if (!passes(error.code)) throw error;
        await sleep(pause);
      }
    }
  }
}
