/** What tabs of one browser share, in one Node process. */

/** As `localStorage`. */
export class Storage {
  #kept = new Map();

  get length() {
    return this.#kept.size;
  }

  key(n) {
    return [...this.#kept.keys()][n] ?? null;
  }

  getItem(key) {
    return this.#kept.get(key) ?? null;
  }

  setItem(key, value) {
    this.#kept.set(key, String(value));
  }

  removeItem(key) {
    this.#kept.delete(key);
  }
}

/** As `navigator.locks`: exclusive locks by name. */
export class Locks {
  #last = new Map();

  request(name, work) {
    const mine = (this.#last.get(name) ?? Promise.resolve()).then(() => work());
    this.#last.set(name, mine.catch(() => {}));
    return mine;
  }
}
