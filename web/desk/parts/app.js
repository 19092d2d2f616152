/** The frame of the console: views, list, ticket; on a phone one of them at a time. */

import { route } from "../../shared/router.js";
import { SignIn } from "../../shared/signin.js";
import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { DeskContext } from "../desk.js";
import { overlay } from "../overlays.js";
import { placeOf } from "../place.js";
import { Announcer } from "./announcer.js";
import { Failed } from "./failed.js";
import { Later } from "./later.js";
import { List } from "./list.js";
import { ListHead } from "./list_head.js";
import { Nav } from "./nav.js";
import { Notices } from "./notices.js";
import * as parts from "./parts.js";
import { Shortcuts } from "./shortcuts.js";
import { Title } from "./title.js";
import { Top } from "./top.js";

/** @param {{desk: import("../desk.js").Desk, isSignedOut: boolean}} props */
export function App({ desk, isSignedOut }) {
  const at = route.value;
  const place = placeOf(at);
  const isMenuOpen = useSignal(false);
  useEffect(() => {
    isMenuOpen.value = false;
  }, [at]);
  useFocusKept(place.page);
  const onMenu = () => {
    isMenuOpen.value = !isMenuOpen.value;
  };
  return html`<${DeskContext.Provider} value=${desk}>
    <div class="desk" data-page=${place.page} data-menu=${isMenuOpen.value ? "open" : "closed"}>
      <a class="skip" href="#main">${t("desk.skip")}</a>
      <${Top} onMenu=${onMenu} isMenuOpen=${isMenuOpen.value} />
      <${Nav} />
      <main id="main" tabindex="-1"><${Main} place=${place} /></main>
    </div>
    <${Notices} />
    <${Announcer} />
    ${overlay.value ? html`<${Later} load=${parts.dialogs} name="Dialogs" />` : null}
    <${Shortcuts} />
    <${Title} />
    ${isSignedOut ? html`<${Again} />` : null}
  <//>`;
}

/** @param {{place: import("../place.js").Place}} props */
function Main({ place }) {
  if (place.page === "admin") {
    return html`<${Later} key="admin" load=${parts.admin} name="Admin" with=${{ page: place.name }} />`;
  }
  if (place.page === "macros") {
    return html`<${Later} key="macros" load=${parts.macros} name="MacroPage" />`;
  }
  if (place.page === "wall") return html`<${Later} key="wall" load=${parts.wall} name="Wall" />`;
  return html`<section class="list-pane" key="list" aria-label=${t("desk.tickets")}>
      <${ListHead} isPage=${place.page === "list"} list=${place.list} />
      <${Failed}><${List} /><//>
    </section>
    <section class="ticket-pane" key="ticket" aria-label=${t("desk.ticket")}>
      <${Failed} key=${place.page === "ticket" ? place.number : 0}>
        ${
          place.page === "ticket"
            ? html`<${Later} load=${parts.ticket} name="TicketPane" />`
            : html`<p class="empty wide-only">${t("desk.none_open")}</p>`
        }
      <//>
    </section>`;
}

/**
 * What had the focus is gone with its page: the row that the keys are at has it, else the page.
 * @param {string} page
 */
function useFocusKept(page) {
  const shown = useRef(page);
  useLayoutEffect(() => {
    const isNew = shown.current !== page;
    shown.current = page;
    if (!isNew || document.activeElement !== document.body) return;
    const stop = page === "list" ? ".row-link[tabindex='0']" : "#main";
    /** @type {HTMLElement | null} */ (document.querySelector(stop))?.focus();
  }, [page]);
}

/** The sign-in over what was there: nothing of it is lost. */
function Again() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return html`<dialog
    ref=${dialog}
    class="again"
    aria-label=${t("signin.again")}
    onCancel=${(/** @type {Event} */ event) => event.preventDefault()}
  >
    <${SignIn} heading=${t("signin.again")} />
  </dialog>`;
}
