/** The parts that the first visit does without: the list stands before they come. */

import { fetchPart } from "./later.js";

const AT_LAST_MS = 1000;

export const admin = () => import("../admin/admin.js");
export const dialogs = () => import("./dialogs.js");
export const fieldFilter = () => import("./field_filter.js");
export const ticket = () => import("./ticket_pane.js");
export const wall = () => import("../wall/wall.js");

/** What is wanted soon is fetched while nothing else is done; a ticket at once where one is open. */
export function fetchEarly(isTicket = false) {
  const rest = () => {
    for (const part of [ticket, dialogs]) fetchPart(part).catch(() => {});
  };
  if (isTicket) fetchPart(ticket).catch(() => {});
  if ("requestIdleCallback" in globalThis) requestIdleCallback(rest, { timeout: AT_LAST_MS });
  else setTimeout(rest, AT_LAST_MS);
}
