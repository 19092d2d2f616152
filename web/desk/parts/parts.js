/** The parts that the first visit does without: the list stands before they come. */

import { fetchPart } from "./later.js";

const AT_LAST_MS = 1000;

export const admin = () => import("../admin/admin.js");
export const dialogs = () => import("./dialogs.js");
export const ticket = () => import("./ticket_pane.js");
export const wall = () => import("../wall/wall.js");

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
