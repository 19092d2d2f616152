// @ts-check
import { session, start } from "../shared/session.js";
import { SignIn } from "../shared/signin.js";
import { html, render } from "../shared/ui.js";
import { load, t } from "../shared/words.js";

function Gate() {
  const { state, user } = session.value;
  if (state === "starting") return html`<main><p>${t("loading")}</p></main>`;
  if (state === "out") return html`<main class="narrow"><${SignIn} /></main>`;
  return html`<main><h1>${user?.full_name}</h1></main>`;
}

await load("common", "desk");
render(html`<${Gate} />`, /** @type {Element} */ (document.getElementById("page")));
start();
