/** The bar above all: search, the connection, notifications, who is signed in. */

import { signOut } from "../../shared/session.js";
import { clockTime } from "../../shared/time.js";
import { Hidden, html, Icon } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { say } from "../notices.js";
import { overlay } from "../overlays.js";
import { Search } from "./search.js";

/** @param {{onMenu: () => void, isMenuOpen: boolean}} props */
export function Top({ onMenu, isMenuOpen }) {
  const desk = useDesk();
  const leave = async () => {
    await desk.drafts.leave().catch(() => {});
    await signOut().catch(() => say(t("error.offline"), { manner: "refused" }));
  };
  return html`<header class="top">
    <button
      type="button"
      class="quiet menu-button"
      aria-expanded=${String(isMenuOpen)}
      aria-controls="views"
      onClick=${onMenu}
    >
      <${Icon} name="menu" /><${Hidden}>${t("desk.menu")}<//>
    </button>
    <a class="brand" href="/desk">${t("desk.name")}</a>
    <${Search} />
    <${Connection} />
    <${Bell} />
    <button
      type="button"
      class="quiet wide-only"
      aria-label=${t("desk.keys.title")}
      onClick=${() => (overlay.value = { name: "help" })}
    >
      ?
    </button>
    <button type="button" class="quiet" onClick=${leave}>${t("signout")}</button>
  </header>`;
}

function Connection() {
  const { state, since } = useDesk().live.connection.value;
  const words = {
    live: () => t("connection.live"),
    connecting: () => t("connection.connecting"),
    offline: () => t("connection.offline", { since: clockTime(new Date(since).toISOString()) }),
  };
  return html`<p class="connection" role="status" aria-label=${t("connection")} data-state=${state}>
    ${words[state]()}
  </p>`;
}

function Bell() {
  const unread = useDesk().notifications.unread.value;
  // The count stands beside the button: what is read aloud of that is its name.
  return html`<span class="bell">
    <button
      type="button"
      class="quiet"
      aria-label=${t("desk.notifications.title")}
      aria-describedby="bell-count"
      onClick=${() => {
        overlay.value = { name: "notifications" };
      }}
    >
      <${Icon} name="bell" />
    </button>
    <span id="bell-count" class="badge" hidden=${!unread}>
      ${unread}<${Hidden}> ${t("desk.unread")}<//>
    </span>
  </span>`;
}
