/** The ticket that is open. */

import { Hidden, html, Icon, useEffect, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { overlay } from "../overlays.js";
import { addressOf, backToList, currentList } from "../place.js";
import { statusWord, viewerNames, viewName } from "../sayings.js";
import { Asleep } from "./asleep.js";
import { Composer } from "./composer.js";
import { CustomFields } from "./custom_fields.js";
import { Fields } from "./fields.js";
import { Log } from "./log.js";
import { People } from "./people.js";
import { Unverified } from "./unverified.js";

export function TicketPane() {
  const desk = useDesk();
  const opened = desk.opened.value;
  const missing = desk.missing.value;
  if (missing) return html`<${Missing} why=${missing} />`;
  if (!opened?.row.value) return html`<p class="empty" role="status">${t("loading")}</p>`;
  return html`<${Shown} key=${opened.id} opened=${opened} />`;
}

/** @param {{why: "not_found" | "offline"}} props */
function Missing({ why }) {
  return html`<div class="empty" role="alert">
    <h1>${t(`desk.missing.${why}`)}</h1>
    <p><a href=${addressOf(currentList().list)}>${t("desk.back")}</a></p>
  </div>`;
}

/** @param {{opened: import("../opened.js").Opened}} props */
function Shown({ opened }) {
  const desk = useDesk();
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  const row = opened.row.value;
  useEffect(() => {
    // From a row the focus stays there, so that j and k go on, and where one writes; else it comes here.
    if (!document.activeElement?.closest(".rows, .palette, textarea"))
      heading.current?.focus({ preventScroll: true });
  }, []);
  if (!row) return null;
  const { list } = currentList();
  return html`<article class="ticket" aria-labelledby="ticket-title">
    <header class="ticket-head">
      <a
        class="button quiet back"
        href=${addressOf(list)}
        onClick=${(/** @type {Event} */ event) => {
          event.preventDefault();
          backToList();
        }}
      >
        <${Icon} name="back" /><span>${viewName(desk, list)}</span>
      </a>
      <h1 id="ticket-title" tabindex="-1" ref=${heading}><bdi>${row.title}</bdi></h1>
      <p class="muted ticket-facts">
        #${row.number} · ${statusWord(row.status)} · ${" "}
        <a href=${`/desk/customers/${row.user_id}`}><${Hidden}>${t("desk.customer")}: <//><bdi>${row.customer.full_name}</bdi></a>
        <${Unverified} id=${row.user_id} />
        ${" "}· <bdi>${row.category}</bdi> · <bdi>${row.type}</bdi>
      </p>
      <p class="ticket-doings">
        <${Asleep} row=${row} />
        <button
          type="button"
          onClick=${() => {
            overlay.value = { name: "merge", ticketId: row.id };
          }}
        >
          ${t("desk.do.merge")}
        </button>
      </p>
      <${Fields} row=${row} />
      <${CustomFields} row=${row} />
      <${People} opened=${opened} />
      <${Who} opened=${opened} />
    </header>
    <${Log} opened=${opened} />
    <${Composer} opened=${opened} />
  </article>`;
}

/**
 * Who else is here. Merely to look is no work on it: who writes stands first.
 * @param {{opened: import("../opened.js").Opened}} props
 */
function Who({ opened }) {
  const desk = useDesk();
  const writing = opened.writers;
  const viewers = opened.viewers.value.filter(
    ({ user_id }) => !writing.some(({ id }) => id === user_id),
  );
  const writers = writing.map(({ id, internal }) =>
    t(internal ? "desk.writes_note" : "desk.writes", { name: desk.people.name(id) }),
  );
  const ids = viewers.map(({ user_id }) => user_id);
  const { idle } = desk.activity.of(opened.id);
  const isIdle = ids.every((id) => idle.includes(id));
  const names = viewerNames(desk, ids, idle);
  return html`<p class="who muted">
    ${writers.length ? html`<span class="writing"><${Icon} name="pen" /> ${writers.join(" · ")}</span>` : null}
    ${names ? html`<span data-idle=${isIdle ? "yes" : "no"}><${Icon} name="person" /> ${t("desk.looks", { names })}</span>` : null}
  </p>`;
}
