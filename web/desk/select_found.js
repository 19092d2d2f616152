/** Selects all tickets that the list would have, however far it was loaded. */

import { get } from "../shared/api.js";
import { t } from "../shared/words.js";
import { say } from "./notices.js";
import { reason } from "./reasons.js";
import { MOST_SELECTED } from "./selection.js";

const PAGE = 100;

/** @param {import("./desk.js").Desk} desk */
export async function selectFound(desk) {
  const list = desk.list.peek();
  if (!list) return;
  try {
    const ids = await found(desk, list.query);
    if (desk.list.peek() !== list) return;
    if (ids.length > MOST_SELECTED) {
      say(t("desk.select.too_many", { most: MOST_SELECTED }), { manner: "refused" });
    } else desk.selection.set(ids, list.query);
  } catch (error) {
    say(reason(error), { manner: "refused" });
  }
}

/**
 * The ids, in order; of more than can be selected, not all.
 * @param {import("./desk.js").Desk} desk
 * @param {import("./types.js").Query} query
 */
async function found({ tickets }, query) {
  const ids = /** @type {string[]} */ ([]);
  /** @type {string | null} */
  let next = null;
  do {
    const asOf = tickets.stamp();
    const { data, next: following } = await page(query, next);
    tickets.putAll(data, asOf);
    ids.push(...data.map((/** @type {import("./types.js").Row} */ { id }) => id));
    next = following;
  } while (next && ids.length <= MOST_SELECTED);
  return ids;
}

/**
 * @param {import("./types.js").Query} query
 * @param {string | null} next
 */
const page = (query, next) => (next ? get(next) : get("/csr/tickets", { ...query, limit: PAGE }));
