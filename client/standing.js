import { passes, pauses, sleep } from "./emitter.js";

/** What the server is to know of the connection: it is told again after each reconnect. */
export class Standing {
  #link;
  /** By the event that says it. */
  #payloads = new Map();
  /** What this connection is being told, or was, by the event: promises. */
  #told = new Map();

  /** @param link `call`, `isConnected` */
  constructor(link) {
    this.#link = link;
  }

  /** Says it, now and from now on; the same once a connection. */
  keep(event, payload) {
    const isSame = JSON.stringify(payload) === JSON.stringify(this.#payloads.get(event));
    if (isSame && this.#told.has(event)) return this.#told.get(event);
    this.#payloads.set(event, payload);
    return this.#tell(event);
  }

  connected() {
    this.#told.clear();
    for (const event of this.#payloads.keys()) this.#tell(event);
  }

  #tell(event) {
    const told = this.#say(event);
    this.#told.set(event, told);
    told.catch(() => {
      // Who does not wait for it is not to be woken up by it; whoever says it again is heard.
      if (this.#told.get(event) === told) this.#told.delete(event);
    });
    return told;
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
