// @ts-check
/** The sign-in page: a passkey does without its form. */
import { PasskeyButton } from "../shared/signin.js";
import { html, render } from "../shared/ui.js";
import { begin } from "./page.js";

await begin();
const place = document.getElementById("passkey");
// The page moves on by itself, once somebody is signed in.
if (place) render(html`<${PasskeyButton} />`, place);
