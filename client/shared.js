import { claims } from "./pair.js";

/**
 * The pair of a session that several tabs share, in their storage: each looks there before it
 * refreshes, one at a time where the browser has Web Locks. Without a storage it is one tab's own.
 */
export class SharedPair {
  #storage;
  #locks;
  #key;

  /** @param {{access_token: string}} pair names the session */
  constructor(pair, { storage, storagePrefix = "desk", locks = globalThis.navigator?.locks }) {
    this.#storage = storage;
    this.#locks = storage && locks;
    this.#key = `${storagePrefix}:session:${claims(pair.access_token).sid ?? ""}`;
  }

  /** Runs the work while no other tab does. */
  alone(work) {
    return this.#locks ? this.#locks.request(this.#key, work) : work();
  }

  /** The kept pair and for how long it is good yet, if it is another and no older one. */
  newer(pair) {
    const kept = this.#read();
    if (!kept || kept.pair.refresh_token === pair.refresh_token) return null;
    return generation(kept.pair) >= generation(pair) ? kept : null;
  }

  /** For how long the kept pair is good yet; undefined if it is another. */
  left(pair) {
    const kept = this.#read();
    return kept?.pair.refresh_token === pair.refresh_token ? kept.left : undefined;
  }

  /** @param {number} left milliseconds for which the access token is good yet */
  keep(pair, left) {
    // If the storage is full: as without one.
    this.#storage?.setItem(this.#key, JSON.stringify({ pair, left, at: Date.now() }));
  }

  forget() {
    this.#storage?.removeItem(this.#key);
  }

  /** By the wall clock of this machine alone, which one tab asks as the other did. */
  #read() {
    try {
      const { pair, left, at } = JSON.parse(this.#storage?.getItem(this.#key));
      if (!pair.access_token || !pair.refresh_token) return null;
      return { pair, left: left - Math.max(Date.now() - at, 0) };
    } catch {
      return null; // Nothing, or nothing of ours.
    }
  }
}

const generation = ({ access_token }) => {
  const { gen, iat } = claims(access_token);
  return gen ?? iat ?? 0;
};
