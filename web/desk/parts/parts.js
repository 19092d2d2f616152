/** The parts that the first visit does without: the list stands before they come. */

import { load } from "../../shared/words.js";
import { fetchPart } from "./later.js";

const AT_LAST_MS = 1000;

export const admin = () => withWords(import("../admin/admin.js"), "audit");
export const dialogs = () => withWords(import("./dialogs.js"));
export const fieldFilter = () => withWords(import("./field_filter.js"));
export const macros = () => withWords(import("../macros/page.js"));
export const sentences = () => withWords(import("../change_sentence.js"));
export const ticket = () => withWords(import("./ticket_pane.js"));
export const wall = () => withWords(import("../wall/wall.js"));

/** @template T @param {Promise<T>} part which has words that nothing else needs @param {...string} more */
async function withWords(part, ...more) {
  await load("later", ...more);
  return part;
}

/** A ticket's part, where one is open: it need not wait for the session. */
export const fetchTicket = () => fetchPart(ticket).catch(() => {});

/** What is wanted soon is fetched while nothing else is done. */
export function fetchRest() {
  const rest = () => {
    for (const part of [ticket, dialogs]) fetchPart(part).catch(() => {});
  };
  if ("requestIdleCallback" in globalThis) requestIdleCallback(rest, { timeout: AT_LAST_MS });
  else setTimeout(rest, AT_LAST_MS);
}
