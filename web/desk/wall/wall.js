/** The wall: what waits and for how long, who has how much, and how the day goes. */

import { serverTime } from "../../shared/http.js";
import { ago } from "../../shared/time.js";
import { html, useEffect, useMemo, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { ticketAddress } from "../place.js";
import { Day } from "./day.js";
import { Plot } from "./plot.js";

const EVERY = 30_000;
const MOST_SHOWN = 12;
const COUNTED = ["unassigned", "open", "needs_reply"];

export function Wall() {
  const desk = useDesk();
  const day = useMemo(() => new Day(), []);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const look = () => {
      setNow(Date.now());
      day.refresh(serverTime(Date.now())).catch(() => {});
    };
    look();
    const timer = setInterval(look, EVERY);
    return () => clearInterval(timer);
  }, []);
  const hours = day.hours.value;
  return html`<div class="wall">
    <h1>${t("desk.wall.title")}</h1>
    <ul class="figures" role="list">
      ${COUNTED.map((id) => html`<${Figure} key=${id} id=${id} />`)}
    </ul>
    <${Waiting} now=${now} />
    <section aria-labelledby="loads">
      <h2 id="loads">${t("desk.wall.loads")}</h2>
      <ul class="loads" role="list">
        ${desk.team.sorted.value.map((agent) => html`<${Load} key=${agent.user_id} agent=${agent} />`)}
      </ul>
    </section>
    <section aria-labelledby="day">
      <h2 id="day">${t("desk.wall.day")}</h2>
      ${day.isWhole.value ? null : html`<p class="muted">${t("desk.wall.not_all")}</p>`}
      <${Plot} title=${t("desk.wall.arrivals")} hours=${hours} of="arrivals" />
      <${Plot} title=${t("desk.wall.answers")} hours=${hours} of="answers" />
    </section>
  </div>`;
}

/** @param {{id: string}} props */
function Figure({ id }) {
  const count = useDesk().views.counts.value[id]?.count;
  return html`<li><strong>${count ?? "–"}</strong> ${t(`desk.view.${id}`)}</li>`;
}

/**
 * Those who wait longest come first.
 * @param {{now: number}} props
 */
function Waiting({ now }) {
  const desk = useDesk();
  const areViewsKnown = desk.views.byId.value.size > 0;
  const list = useMemo(() => desk.views.list("unassigned", "created_at"), [areViewsKnown]);
  list?.revision.value;
  const ids = list?.ids.slice(0, MOST_SHOWN) ?? [];
  return html`<section aria-labelledby="waiting">
    <h2 id="waiting">${t("desk.wall.waiting")}</h2>
    ${ids.length ? null : html`<p class="muted">${t("desk.empty.unassigned")}</p>`}
    <ol class="waiting">
      ${ids.map((id) => {
        const row = desk.tickets.get(id)?.value;
        if (!row) return null;
        return html`<li key=${id}>
          <a href=${ticketAddress(row.number)}>#${row.number} <bdi>${row.title}</bdi></a>
          <span class="muted"><bdi>${row.customer.full_name}</bdi></span>
          <time datetime=${row.created_at}>${ago(row.created_at, now)}</time>
        </li>`;
      })}
    </ol>
  </section>`;
}

/** @param {{agent: import("../types.js").Agent}} props */
function Load({ agent }) {
  const { full_name, open_tickets, capacity, available } = agent;
  const name = available ? full_name : t("desk.away", { name: full_name });
  return html`<li data-available=${available ? "yes" : "no"}>
    <span><bdi>${name}</bdi></span>
    <meter min="0" max=${Math.max(1, capacity)} value=${open_tickets} aria-label=${name}></meter>
    <span>${open_tickets} / ${capacity}</span>
  </li>`;
}
