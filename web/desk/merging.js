/** Tickets that were merged: going on with what has become of one, and undoing it. */

import { get, post } from "../shared/api.js";
import { t } from "../shared/words.js";
import { say } from "./notices.js";
import { openTicket } from "./place.js";
import { refuse } from "./reasons.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./types.js").Row} Row */

/**
 * The open ticket is a part of another: that one opens, with what was being written.
 * @param {Desk} desk
 * @param {string} fromId
 * @param {string} intoId
 */
export async function goOn(desk, fromId, intoId) {
  const { data } = await get(`/csr/tickets/${intoId}`);
  desk.tickets.put(data);
  for (const kind of /** @type {const} */ (["reply", "note"])) {
    const written = desk.drafts.get(fromId, kind)?.content;
    const there = desk.drafts.get(data.id, kind)?.content;
    // What the server had of it is there already.
    if (!written || there === written) continue;
    desk.drafts.replace(data.id, kind, there ? `${there}\n\n${written}` : written, data.seq);
    desk.drafts.replace(fromId, kind, "", 0);
  }
  if (desk.opened.peek()?.id !== fromId) return;
  openTicket(data.number);
  say(t("desk.merge.led", { number: data.number }));
}

/**
 * @param {Desk} desk
 * @param {Row} source
 * @param {{into: string, share: boolean}} asked
 */
export async function merge(desk, source, asked) {
  const { data } = await post(`/csr/tickets/${source.id}/merge`, asked);
  desk.tickets.put(data);
  openTicket(data.number);
  const action = { label: t("desk.do.undo"), run: () => unmerge(desk, source.id) };
  say(t("desk.merge.done", { number: source.number, into: data.number }), { action });
}

/**
 * @param {Desk} desk
 * @param {string} id of what is a part of another
 */
export async function unmerge(desk, id) {
  try {
    const { data } = await post(`/csr/tickets/${id}/unmerge`);
    desk.tickets.put(data);
    openTicket(data.number);
  } catch (error) {
    refuse(error);
  }
}
