// @ts-check
/**
 * The browser's storage, which may be full or forbidden: then nothing is kept, and nothing breaks.
 * Never for secrets.
 */

import { signal } from "@preact/signals-core";

/** @typedef {import("../../client/index.d.ts").Storage} Storage */

/** Whether something was not kept here. */
export const hasFailed = signal(false);

/**
 * @param {() => Storage} open reading `localStorage` alone may throw
 * @returns {Storage}
 */
export function guarded(open) {
  /**
   * @template T
   * @param {(storage: Storage) => T} work
   * @param {T} otherwise
   * @returns {T}
   */
  const attempt = (work, otherwise) => {
    try {
      return work(open());
    } catch {
      hasFailed.value = true;
      return otherwise;
    }
  };
  return {
    get length() {
      return attempt((storage) => storage.length, 0);
    },
    key: (index) => attempt((storage) => storage.key(index), null),
    getItem: (name) => attempt((storage) => storage.getItem(name), null),
    setItem: (name, value) => attempt((storage) => storage.setItem(name, value), undefined),
    removeItem: (name) => attempt((storage) => storage.removeItem(name), undefined),
  };
}

export const storage = guarded(() => localStorage);
/** Of this tab, until it is closed. */
export const tabStorage = guarded(() => sessionStorage);

/**
 * What stands under a name as JSON; null if that is nothing of ours.
 * @param {Storage} from
 * @param {string} name
 * @returns {any}
 */
export function readJson(from, name) {
  try {
    return JSON.parse(from.getItem(name) ?? "null");
  } catch {
    return null;
  }
}
