// @ts-check
/** Real addresses without loading the page anew: `route` is where we are. */
import { signal } from "@preact/signals";

/** @typedef {{path: string, params: URLSearchParams, state: any}} Route */

/** @type {import("@preact/signals").Signal<Route>} */
export const route = signal(here());

/** @type {(path: string) => boolean} */
let isOurs = () => false;

/**
 * Takes clicks on links to pages of ours.
 *
 * @param {(path: string) => boolean} isOne whether this page shows what is at a path
 */
export function startRouter(isOne) {
  isOurs = isOne;
  addEventListener("popstate", () => {
    route.value = here();
  });
  document.addEventListener("click", click);
}

/**
 * @param {string} address a path, perhaps with a query
 * @param {{replace?: boolean, state?: any}} [options]
 */
export function navigate(address, { replace = false, state = null } = {}) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin || !isOurs(url.pathname)) return location.assign(url.href);
  history[replace ? "replaceState" : "pushState"](state, "", url);
  route.value = here();
}

/** @param {MouseEvent} event */
function click(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download")) return;
  const isWithin = link.origin === location.origin && isOurs(link.pathname);
  const isPlaceOnPage = link.hash && link.pathname === location.pathname;
  if (!isWithin || isPlaceOnPage) return;
  event.preventDefault();
  navigate(link.href);
}

function here() {
  return {
    path: location.pathname,
    params: new URLSearchParams(location.search),
    state: history.state,
  };
}
