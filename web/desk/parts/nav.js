/** The views with their counts, and what else there is. */

import { route } from "../../shared/router.js";
import { Hidden, html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { say } from "../notices.js";
import { addressOf, placeOf } from "../place.js";
import { viewName } from "../sayings.js";

const ADMIN = ["users", "teams", "fields", "webhooks", "keys", "audit"];

export function Nav() {
  const desk = useDesk();
  const place = placeOf(route.value);
  const state = desk.views.state.value;
  return html`<div class="side" id="views">
    <nav aria-label=${t("desk.views")}>
      <ul role="list">
        ${desk.views.all.value.map((view) => html`<${ViewLink} key=${view.id} id=${view.id} place=${place} />`)}
      </ul>
      ${state === "loading" ? html`<p class="muted">${t("loading")}</p>` : null}
      ${state === "failed" ? html`<${Again} onClick=${() => desk.views.load()} />` : null}
    </nav>
    <${OwnTeams} place=${place} />
    <${Availability} />
    <nav aria-label=${t("desk.more")}>
      <ul role="list">
        <${PlainLink} href="/desk/wall" is=${place.page === "wall"} word="desk.wall.title" />
        <${PlainLink} href="/desk/macros" is=${place.page === "macros"} word="desk.macros.title" />
        <${PlainLink} href="/account" is=${false} word="desk.account" />
        ${
          desk.me.role === "admin"
            ? ADMIN.map(
                (name) => html`<${PlainLink}
                key=${name}
                href=${`/desk/admin/${name}`}
                is=${place.page === "admin" && place.name === name}
                word=${`desk.admin.${name}`}
              />`,
              )
            : null
        }
      </ul>
    </nav>
    <p class="muted me"><bdi>${desk.me.full_name}</bdi></p>
  </div>`;
}

/** @param {{id: string, place: import("../place.js").Place}} props */
function ViewLink({ id, place }) {
  const desk = useDesk();
  const { count, unread } = desk.views.counts.value[id] ?? {};
  const isHere = "list" in place && "view" in place.list && place.list.view === id;
  const isPage = isHere && place.page === "list";
  return html`<li>
    <a
      class="nav-link"
      href=${addressOf({ view: id })}
      aria-current=${isPage ? "page" : isHere ? "true" : undefined}
    >
      <bdi class="nav-name">${viewName(desk, { view: id })}</bdi>
      ${
        typeof count === "number"
          ? html` <span class="count" data-unread=${unread ? "yes" : "no"}>
            ${count}${unread ? html`<${Hidden}>, ${t("desk.unread_count", { count: unread })}<//>` : null}
          </span>`
          : null
      }
    </a>
  </li>`;
}

/** Those that the person is in. @param {{place: import("../place.js").Place}} props */
function OwnTeams({ place }) {
  const { teams } = useDesk();
  const mine = teams.mine.value;
  if (!mine.length) return null;
  const here = "list" in place && "team" in place.list ? place.list.team : null;
  return html`<nav aria-label=${t("desk.teams.mine")}>
    <ul role="list">
      ${mine.map(
        ({ id, name }) => html`<li key=${id}>
          <a class="nav-link" href=${addressOf({ team: id })} aria-current=${here === id ? "page" : undefined}>
            <bdi class="nav-name">${name}</bdi>
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

/** @param {{href: string, is: boolean, word: string}} props */
const PlainLink = ({ href, is, word }) => html`<li>
  <a class="nav-link" href=${href} aria-current=${is ? "page" : undefined}>${t(word)}</a>
</li>`;

/** @param {{onClick: () => void}} props */
const Again = ({ onClick }) => html`<p role="alert">${t("desk.views.failed")}</p>
  <button type="button" onClick=${onClick}>${t("desk.try_again")}</button>`;

/** Whether the person takes tickets, how many they have, and what waits for somebody. */
function Availability() {
  const desk = useDesk();
  const [isBusy, setBusy] = useState(false);
  const { me } = desk.team;
  if (!me) return null;
  const toggle = async () => {
    setBusy(true);
    await desk.team
      .setAvailable(!me.available)
      .catch(() => say(t("error.other"), { manner: "refused" }));
    setBusy(false);
  };
  const waiting = desk.views.counts.value.unassigned?.count;
  return html`<section class="availability" aria-label=${t("desk.availability.title")}>
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked=${String(me.available)}
      aria-describedby="availability-hint"
      disabled=${isBusy}
      onClick=${toggle}
    >
      ${t("desk.availability.switch")}
    </button>
    <p id="availability-hint" class="muted">
      ${t(me.available ? "desk.availability.on" : "desk.availability.off")}${" "}
      ${t("desk.availability.load", { open: me.open_tickets, capacity: me.capacity })}
      ${typeof waiting === "number" ? html`${" "}${t("desk.availability.waiting", { count: waiting })}` : null}
    </p>
  </section>`;
}
