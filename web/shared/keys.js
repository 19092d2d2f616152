// @ts-check
/** Keys by which a repeat is known: of a message, or of a request. */

/** Also where a page came by http from another machine, and has no `randomUUID`. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
