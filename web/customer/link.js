// @ts-check
/** Pages behind mailed links: the token of the link, which no server was told, goes into the form. */
import { begin } from "./page.js";

const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=token]"));
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (field && token) {
  field.value = token;
  // Not into the history, nor to whoever looks on.
  history.replaceState(null, "", location.pathname);
}
const missing = document.getElementById("no-token");
if (missing) missing.hidden = Boolean(field?.value);
await begin();
