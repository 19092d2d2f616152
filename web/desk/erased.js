/** What was erased on a ticket leaves the page, too: all that is shown of it is read again. */

import { get } from "../shared/api.js";
import { timelineOf } from "../shared/timeline.js";

/**
 * @param {import("./opened.js").Opened} opened
 * @param {string} userId of whom it was
 */
export async function readAgain({ desk, id, timeline }, userId) {
  const [events, ticket, people] = await Promise.all([
    timelineOf(id, timeline.before),
    get(`/csr/tickets/${id}`),
    get("/people", { ids: [userId] }),
  ]);
  desk.people.learn(people.data);
  desk.tickets.put(ticket.data);
  timeline.renew(events);
}
