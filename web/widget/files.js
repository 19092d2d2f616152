// @ts-check
/** Files that a visitor adds. What that takes is read once there is a conversation to add them to. */
import { signal } from "@preact/signals";
import { accessToken } from "./visitor.js";

/** @typedef {import("../shared/uploads.js").Info} Info */
/**
 * @typedef {object} Adding
 * @property {string} ticketId
 * @property {import("../shared/uploads.js").Uploads} uploads
 * @property {typeof import("../shared/attaching.js")} parts
 * @property {(files: Info[]) => string} namesOf
 */

/** Null until it is there. @type {import("@preact/signals").Signal<Adding | null>} */
export const adding = signal(null);

/** @param {string} ticketId */
export async function prepare(ticketId) {
  if (adding.peek()?.ticketId === ticketId) return;
  adding.value = null;
  try {
    const [{ Uploads, namesOf }, parts] = await Promise.all([
      import("../shared/uploads.js"),
      import("../shared/attaching.js"),
    ]);
    adding.value = { ticketId, uploads: new Uploads(ticketId, accessToken), parts, namesOf };
  } catch {
    // Offline: one writes without files.
  }
}
