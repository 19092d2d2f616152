// @ts-check
/** What all of the customers' pages do where scripts run. */
import { session, signOut, start } from "../shared/session.js";
import { SignIn } from "../shared/signin.js";
import { tabStorage } from "../shared/storage.js";
import { shortTime } from "../shared/time.js";
import { Dialog, effect, html, render } from "../shared/ui.js";
import { load, t } from "../shared/words.js";
import { forgetSent } from "./drafts.js";
import { countUnread, showInbox } from "./inbox.js";

const LAST_MOVE = "desk moved";
/** A page that was asked for again so shortly after is not asked for once more. */
const SHORTLY = 10_000;

/** Whose page the server has made; empty: anybody's. */
export const readerId = document.getElementById("over")?.dataset.user ?? "";

/** Called once by each page; afterwards the words are there. */
export async function begin() {
  await load("common", "customer");
  showLocalTimes();
  if (readerId) forgetSent(readerId);
  guardForms();
  document.getElementById("sign-out")?.addEventListener("submit", leave);
  if (readerId) showInbox();
  effect(follow);
  start();
}

function follow() {
  const { state, user } = session.value;
  if (state === "in" && user && (readerId ? user.id !== readerId : asksWho())) move();
  if (state === "in" && readerId) countUnread();
  const over = document.getElementById("over");
  if (readerId && over) render(state === "out" ? html`<${Again} />` : null, over);
}

/** Whether the page is there to sign in or up. */
const asksWho = () => document.querySelector("input[name=password]") !== null;

/** The sign-in, over what was there. */
function Again() {
  return html`<${Dialog} title=${t("signin.again")}><${SignIn} heading="" /><//>`;
}

/** Somebody is signed in, and the server did not know it, or took them for somebody else. */
function move() {
  const form = /** @type {HTMLInputElement | null} */ (document.querySelector("input[name=next]"));
  const last = Number(tabStorage.getItem(LAST_MOVE));
  if (Date.now() - last < SHORTLY) return;
  tabStorage.setItem(LAST_MOVE, String(Date.now()));
  location.replace(form?.value || (readerId ? location.href : "/"));
}

/** @param {Event} event */
async function leave(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.currentTarget);
  try {
    await signOut();
    location.assign("/login");
  } catch {
    form.submit();
  }
}

/** A form is sent once, however often its button is pressed. */
function guardForms() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
}

function showLocalTimes() {
  for (const time of document.querySelectorAll("time")) time.textContent = shortTime(time.dateTime);
}
