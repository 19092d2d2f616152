// @ts-check
/** The console begins here: who is signed in decides what is shown. */

import { effect } from "@preact/signals";
import { route, startRouter } from "../shared/router.js";
import { session } from "../shared/session.js";
import { SignIn } from "../shared/signin.js";
import { html, render } from "../shared/ui.js";
import { load, t } from "../shared/words.js";
import { Desk } from "./desk.js";
import { followIdle } from "./idle.js";
import { App } from "./parts/app.js";
import { fetchRest, fetchTicket } from "./parts/parts.js";
import { follow, isDeskPath, placeOf } from "./place.js";
import { followOtherTabs } from "./settings.js";

/** The desk of whoever signed in first; it outlives a sign-out, with what was being written. */
/** @type {Desk | null} */
let desk = null;

function Gate() {
  const { state, user } = session.value;
  if (user && user.role === "user") return html`<${NotForCustomers} />`;
  if (desk) return html`<${App} desk=${desk} isSignedOut=${state === "out"} />`;
  if (state === "out") return html`<main class="narrow"><${SignIn} /></main>`;
  return html`<main class="narrow"><p role="status">${t("loading")}</p></main>`;
}

const NotForCustomers = () => html`<main class="narrow">
  <h1>${t("desk.staff_only")}</h1>
  <p><a href="/tickets">${t("desk.to_tickets")}</a></p>
</main>`;

/** The connection follows the session, and no component. */
function followSession() {
  const { state, user } = session.value;
  if (state === "out") desk?.stop();
  if (state !== "in" || !user || user.role === "user") return;
  const isFirst = desk === null;
  desk ??= new Desk(user);
  if (!isFirst && desk.live.isOpen) return;
  desk.start();
  if (!isFirst) return;
  follow(desk);
  fetchRestLater(desk);
}

/** Before the list stands, the browser is idle because it waits for the server. */
function fetchRestLater(/** @type {Desk} */ { list }) {
  const stop = effect(() => {
    if (list.value?.state.value !== "ready") return;
    fetchRest();
    queueMicrotask(() => stop());
  });
}

startRouter(isDeskPath);
followOtherTabs();
followIdle((isIdle) => desk?.live.idle(isIdle));
// The first requests are on their way before anything is drawn.
effect(followSession);
if (placeOf(route.peek()).page === "ticket") fetchTicket();
await load("common", "desk");
render(html`<${Gate} />`, /** @type {Element} */ (document.getElementById("page")));
