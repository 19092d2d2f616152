/**
 * A storage such as `localStorage` that never throws, be it full or forbidden. The first failure is
 * told. What could not be read is `undefined`; what is not there, `null`.
 */
export class SafeStorage {
  #storage;
  #tell;

  /** @param storage the storage, or a function that gives it: where it is forbidden, that throws */
  constructor(storage, tell) {
    this.#tell = tell;
    this.#storage = typeof storage === "function" ? this.#tried(storage) : storage;
    if (this.#storage && !(this.#storage.key && this.#storage.removeItem)) {
      throw new TypeError("The storage has to have what localStorage has");
    }
  }

  get length() {
    return this.#tried(() => this.#storage?.length) ?? 0;
  }

  key(n) {
    return this.#tried(() => this.#storage?.key(n)) ?? null;
  }

  getItem(key) {
    return this.#tried(() => (this.#storage ? this.#storage.getItem(key) : null));
  }

  /** @returns {boolean} whether it is kept now */
  setItem(key, value) {
    return this.#tried(() => {
      this.#storage?.setItem(key, value);
      return Boolean(this.#storage);
    }) ?? false;
  }

  removeItem(key) {
    this.#tried(() => this.#storage?.removeItem(key));
  }

  #tried(work) {
    try {
      return work();
    } catch (error) {
      this.#tell?.(error);
      this.#tell = undefined;
      return undefined;
    }
  }
}
