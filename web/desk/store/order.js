/** The orders of a list, as the server's keyset has them. */

/** @typedef {import("../types.js").Row} Row */
/** @typedef {(a: Row, b: Row) => number} Compare */

/** @type {Record<string, number>} */
const RANKS = { low: 1, medium: 2, high: 3, urgent: 4 };

export const DEFAULT_SORT = "-created_at";

/**
 * Times are compared as the server wrote them: to the microsecond, which no Date holds.
 * @param {string} time
 */
const comparable = (time) => time.replace(/Z$|\+00:00$/, "");

/** @param {Row} row */
const created_at = (row) => comparable(row.created_at);

/** @type {Record<string, (row: Row) => string | number>} */
const KEYS = {
  created_at,
  number: (row) => row.number,
  priority: (row) => RANKS[row.priority ?? ""] ?? 0,
  updated_at: (row) => comparable(row.updated_at),
};

/**
 * @param {string} sort such as `-created_at`
 * @returns {Compare}
 */
export function comparing(sort) {
  const sign = sort.startsWith("-") ? -1 : 1;
  const key = KEYS[sort.replace(/^-/, "")] ?? created_at;
  return (a, b) => {
    const [here, there] = [key(a), key(b)];
    if (here !== there) return here < there ? -sign : sign;
    if (a.id === b.id) return 0;
    return a.id < b.id ? -sign : sign;
  };
}

/**
 * Where a row stands or would stand among sorted ones.
 * @param {number} length
 * @param {(index: number) => number} compareTo of the row at an index with the one that is looked for
 */
export function lowerBound(length, compareTo) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareTo(middle) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
