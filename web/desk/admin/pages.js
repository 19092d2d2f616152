/** Lists that come page by page. */

import { get } from "../../shared/api.js";
import { useEffect, useState } from "../../shared/ui.js";

/**
 * @param {string} path
 * @param {Record<string, unknown>} params
 */
export function usePages(path, params) {
  const [rows, setRows] = useState(/** @type {any[]} */ ([]));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [state, setState] = useState(/** @type {"loading" | "ready" | "failed"} */ ("loading"));
  const key = JSON.stringify([path, params]);
  /** @param {boolean} isMore */
  const load = async (isMore) => {
    setState("loading");
    try {
      const page = isMore && next ? await get(next) : await get(path, params);
      setRows((before) => (isMore ? [...before, ...page.data] : page.data));
      setNext(page.next);
      setState("ready");
    } catch {
      setState("failed");
    }
  };
  useEffect(() => {
    load(false);
  }, [key]);
  /** @param {any} row */
  const replace = (row) => setRows((all) => all.map((one) => (one.id === row.id ? row : one)));
  return {
    rows,
    state,
    hasMore: next !== null,
    more: () => load(true),
    reload: () => load(false),
    replace,
  };
}
