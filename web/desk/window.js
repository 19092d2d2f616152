/** Which rows of a long list are drawn. */

const SPARE = 8;

/**
 * @param {{top: number, height: number, rowHeight: number, count: number}} pane
 * @returns {{from: number, to: number}} the first row and the one after the last
 */
export function drawn({ top, height, rowHeight, count }) {
  const first = Math.floor(Math.max(0, top) / rowHeight);
  const shown = Math.ceil(height / rowHeight) + 1;
  return {
    from: Math.max(0, Math.min(first, count) - SPARE),
    to: Math.min(count, first + shown + SPARE),
  };
}
