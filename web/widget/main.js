// @ts-check
/** The page in the frame: who is here, the way to the site's page, and what is shown. */
import { html, render } from "../shared/ui.js";
import { load } from "../shared/words.js";
import { closed, isReady, opened } from "./conversation.js";
import { meet, tellClose } from "./port.js";
import { Widget } from "./view.js";
import { become, fileUnder, start } from "./who.js";

await load("common", "widget");
const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const { origins = "", known, category = "", type = "" } = main.dataset;
fileUnder(category, type);
main.replaceChildren();
render(html`<${Widget} />`, main);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) tellClose();
});
// The server says whether there is a session: to ask for one that is not there is an error.
if (known === "yes") start();
else isReady.value = true;
if (parent === window) opened();
meet(origins.split(" ").filter(Boolean), { open: opened, close: closed, identity: become });
