// @ts-check
/**
 * Puts a button on a page of another site; a click opens the desk's frame there. It reads nothing
 * of the page. With the frame it speaks through one port, in four messages.
 */

const { origin, searchParams } = new URL(import.meta.url);
const lang = searchParams.get("lang") ?? "";
/** @typedef {string | null | (() => string | null | Promise<string | null>)} Identity */
/** What the site's own storage keeps for us: that there is a conversation here. */
const KNOWN = "desk-widget";
const MOST_UNREAD = 99;
const isGerman = (lang || navigator.language).toLowerCase().startsWith("de");
const words = isGerman
  ? { one: "1 neue Nachricht", more: "{n} neue Nachrichten" }
  : { one: "1 new message", more: "{n} new messages" };

/**
 * Whatever the site says of its elements: the host takes nothing of it, its own rules come first. In
 * em, of the reader's own size: a rem would be the site's.
 */
const SHEET = `
:host { all: initial !important; position: fixed !important; inset-block-end: 1em !important;
  inset-inline-end: 1em !important; z-index: 2147483000 !important;
  color-scheme: light dark !important; }
button { display: inline-flex; align-items: center; gap: .5em; min-block-size: 2.75em;
  padding: .5em 1.125em; border: 0; border-radius: 1.5em; cursor: pointer;
  background: light-dark(#1d4ed8, #93b4ff); color: light-dark(#fff, #0b1220);
  font: 600 1em/1.5 system-ui, sans-serif; box-shadow: 0 4px 16px rgb(0 0 0 / 25%); }
button:focus-visible { outline: 3px solid light-dark(#1a1f27, #fff); outline-offset: 2px; }
.count { min-inline-size: 1.5em; padding: 0 .375em; border-radius: 1em; text-align: center;
  background: light-dark(#fff, #0b1220); color: light-dark(#1d4ed8, #93b4ff);
  font-size: .875em; }
.hint { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
iframe { position: fixed; inset-block-end: 4.75em; inset-inline-end: 1em; border: 0;
  inline-size: min(24em, 100vw - 2em); block-size: min(38em, 100dvh - 6em);
  border-radius: .75em; background: light-dark(#fff, #14171c);
  box-shadow: 0 8px 30px rgb(0 0 0 / 30%); }
[hidden] { display: none; }
@media (max-width: 30em) {
  iframe { inset: 0; inline-size: 100vw; block-size: 100dvh; border-radius: 0; }
}
@media (forced-colors: active) { button, iframe { border: 1px solid; } }
`;

/** @type {HTMLIFrameElement | null} */
let frame = null;
/** @type {MessagePort | null} */
let port = null;
let isOpen = false;
/** Gives the site's token, when there is a frame to give it to. @type {Identity | undefined} */
let identity;

const host = document.createElement("desk-support");
const root = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();
sheet.replaceSync(SHEET);
root.adoptedStyleSheets = [sheet];
const button = made("button", { type: "button", "aria-label": "Support" });
button.setAttribute("aria-expanded", "false");
button.setAttribute("aria-describedby", "hint");
const label = made("span", {}, "Support");
const count = made("span", { class: "count", "aria-hidden": "true", hidden: "" });
const hint = made("span", { class: "hint", id: "hint" });
button.append(label, count);
root.append(button, hint);
button.addEventListener("click", () => (isOpen ? close() : open()));
root.addEventListener("keydown", (event) => {
  if (isOpen && /** @type {KeyboardEvent} */ (event).key === "Escape") close();
});
addEventListener("message", meet);
document.body.append(host);
// Who wrote before sees here whether there is an answer.
if (remembered()) (globalThis.requestIdleCallback ?? setTimeout)(() => load());

/** Shows the frame. */
export function open() {
  const shown = load();
  isOpen = true;
  shown.hidden = false;
  button.setAttribute("aria-expanded", "true");
  shown.focus();
  port?.postMessage({ open: true });
}

/** Hides the frame; the focus goes back to the button. */
export function close() {
  if (!isOpen || !frame) return;
  isOpen = false;
  frame.hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.focus();
  port?.postMessage({ close: true });
}

/**
 * Says who the visitor is, by a token that the site has signed, or a function that gets one when it
 * is wanted: a token is good once, and for minutes. null: nobody (any more).
 *
 * @param {Identity} given
 */
export function identify(given) {
  identity = given;
  if (port) introduce(port);
}

/** @param {MessagePort} to */
async function introduce(to) {
  const given = identity;
  try {
    const token = await (typeof given === "function" ? given() : given);
    // Somebody else may have been named meanwhile.
    if (given === identity && to === port) to.postMessage({ identity: token ?? null });
  } catch (error) {
    console.warn("The site has no token for the desk:", error);
  }
}

/** The frame; made once. */
function load() {
  if (frame) return frame;
  frame = /** @type {HTMLIFrameElement} */ (
    made("iframe", {
      title: "Support",
      sandbox:
        "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads",
      referrerpolicy: "origin",
      hidden: "",
    })
  );
  frame.src = `${origin}/widget${lang ? `?lang=${encodeURIComponent(lang)}` : ""}`;
  root.append(frame);
  return frame;
}

/**
 * Answers our own frame, and nobody else, with a port.
 *
 * @param {MessageEvent} event
 */
function meet(event) {
  const other = frame?.contentWindow;
  if (!other || event.source !== other || event.origin !== origin || event.data !== "desk:hello") {
    return;
  }
  const channel = new MessageChannel();
  port?.close();
  port = channel.port1;
  port.onmessage = ({ data }) => hear(data);
  other.postMessage("desk:port", origin, [channel.port2]);
  if (identity !== undefined) introduce(port);
  if (isOpen) port.postMessage({ open: true });
}

/** @param {any} data of any shape: what is none of ours is left alone */
function hear(data) {
  if (typeof data !== "object" || data === null || Object.keys(data).length !== 1) return;
  if (data.close === true) close();
  if (Number.isSafeInteger(data.unread) && data.unread >= 0) tell(data.unread);
}

/** @param {number} unread */
function tell(unread) {
  remember();
  count.hidden = unread === 0;
  count.textContent = unread > MOST_UNREAD ? `${MOST_UNREAD}+` : `${unread}`;
  const word = unread === 1 ? words.one : words.more.replace("{n}", `${unread}`);
  hint.textContent = unread ? word : "";
}

function remembered() {
  try {
    return localStorage.getItem(KNOWN) !== null;
  } catch {
    return false; // The site forbids it.
  }
}

function remember() {
  try {
    localStorage.setItem(KNOWN, "1");
  } catch {
    // As if nothing was known.
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {string} [text]
 */
function made(name, attributes, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
