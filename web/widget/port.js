// @ts-check
/**
 * The way to the site's page: a port, from a page of an origin that the desk lists. Each message is
 * one of four: `identity`, `open`, `close`, `unread`.
 */

/** @typedef {{open: () => void, close: () => void, identity: (token: string | null) => void}} Ears */

const LONGEST_TOKEN = 4096;

/** @type {MessagePort | null} */
let port = null;
/** What is told once there is a port. @type {Map<string, object>} */
const waiting = new Map();

/**
 * @param {string[]} origins
 * @param {Ears} ears
 */
export function meet(origins, ears) {
  addEventListener("message", (event) => {
    const isListed = event.source === parent && origins.includes(event.origin);
    const [given] = event.ports;
    if (!isListed || event.data !== "desk:port" || !given) return;
    port?.close();
    port = given;
    port.onmessage = ({ data }) => hear(data, ears);
    for (const message of waiting.values()) port.postMessage(message);
    waiting.clear();
  });
  if (parent === window) return;
  for (const origin of likely(origins)) parent.postMessage("desk:hello", origin);
}

/** @param {number} unread */
export const tellUnread = (unread) => tell("unread", unread);

export const tellClose = () => tell("close", true);

/**
 * @param {string} name
 * @param {unknown} value
 */
function tell(name, value) {
  const message = { [name]: value };
  if (port) port.postMessage(message);
  else waiting.set(name, message);
}

/**
 * @param {any} data of any shape: what is none of ours is left alone
 * @param {Ears} ears
 */
function hear(data, ears) {
  if (typeof data !== "object" || data === null || Object.keys(data).length !== 1) return;
  if (data.open === true) ears.open();
  if (data.close === true) ears.close();
  const { identity } = data;
  const isToken = typeof identity === "string" && identity.length <= LONGEST_TOKEN;
  if (isToken || identity === null) ears.identity(identity);
}

/** The page's origin, where the browser says it: it complains of each that it is not. */
/** @param {string[]} origins */
function likely(origins) {
  const said = location.ancestorOrigins?.[0] ?? originOf(document.referrer);
  return said && origins.includes(said) ? [said] : origins;
}

/** @param {string} address */
function originOf(address) {
  try {
    return new URL(address).origin;
  } catch {
    return null;
  }
}
