// @ts-check
/** The browser's storage, where there is one: it may be forbidden, or full. Never for secrets. */

/**
 * @param {string} key
 * @returns {string | null}
 */
export function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * Keeps a text; an empty one is forgotten.
 *
 * @param {string} key
 * @param {string} text
 */
export function keep(key, text) {
  try {
    if (text) localStorage.setItem(key, text);
    else localStorage.removeItem(key);
  } catch {
    // As without one: the text is on the screen.
  }
}

/** The storage as a whole, for the client's outbox. */
export function whole() {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
