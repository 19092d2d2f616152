/** The shapes that the console's modules share; nothing runs here. */

/** @typedef {import("../../client/types.d.ts").Event} Event */
/**
 * A ticket as the page knows it: a list and a change leave its description out.
 * @typedef {import("../../client/types.d.ts").TicketRow & {description?: string}} Row
 */
/** @typedef {import("../../client/types.d.ts").Status} Status */
/** @typedef {import("../../client/types.d.ts").Priority} Priority */
/** @typedef {import("../../client/types.d.ts").Agent} Agent */
/** @typedef {import("../../client/types.d.ts").Notification} Notification */
/** @typedef {Record<string, string | number | boolean | readonly string[] | null | undefined>} Query */
/** @typedef {"reply" | "note"} Kind */

export {};
