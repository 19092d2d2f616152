/** What a ticket was made of besides: a folded block for each that was merged into it. */

import { post } from "../../shared/api.js";
import { clockTime, fullTime } from "../../shared/time.js";
import { timelineOf } from "../../shared/timeline.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { changeSentence } from "../change_sentence.js";
import { useDesk } from "../desk.js";
import { unmerge } from "../merging.js";
import { isMessage } from "../opened.js";
import { Change, Message, Text } from "./entries.js";

/** @typedef {import("../types.js").Event} Event */
/** @typedef {import("../../../client/types.d.ts").MergedFromEvent} MergedFrom */

/** For so long a merge can be undone. */
const UNDOABLE_MS = 24 * 60 * 60 * 1000;

/** @param {{event: MergedFrom, opened: import("../opened.js").Opened}} props */
export function Merged({ event, opened }) {
  const desk = useDesk();
  const [events, setEvents] = useState(/** @type {Event[] | null} */ (null));
  const { ticket_id: id, number, description } = event.data;
  const isUndone = opened.timeline.events.value.some(
    (one) => one.kind === "unmerged" && one.seq > event.seq && one.data.ticket_id === id,
  );
  if (isUndone) return html`<${Change} event=${event} />`;
  const unfold = async (/** @type {{currentTarget: HTMLDetailsElement}} */ { currentTarget }) => {
    if (!currentTarget.open || events) return;
    const all = await timelineOf(id).catch(() => null);
    if (!all) return;
    setEvents(all);
    post(`/tickets/${id}/read`, { seq: all.at(-1)?.seq ?? 0 }).catch(() => {});
  };
  const isUndoable = Date.now() - Date.parse(event.at) < UNDOABLE_MS;
  return html`<details class="merged" onToggle=${unfold}>
    <summary class="muted" dir="auto">
      ${changeSentence(desk, event)}${" "}
      <time datetime=${event.at} title=${fullTime(event.at)}>${clockTime(event.at)}</time>
    </summary>
    ${
      isUndoable
        ? html`<button type="button" onClick=${() => unmerge(desk, id)}>${t("desk.merge.undo", { number })}</button>`
        : null
    }
    <${Text} text=${description} />
    ${events === null ? html`<p role="status">${t("loading")}</p>` : null}
    ${events?.map((one) => html`<${Part} key=${one.seq} event=${one} opened=${opened} />`)}
  </details>`;
}

/** @param {{event: Event, opened: import("../opened.js").Opened}} props */
function Part({ event, opened }) {
  if (event.kind === "merged_from") return html`<${Merged} event=${event} opened=${opened} />`;
  if (isMessage(event)) return html`<${Message} event=${event} opened=${opened} isPart=${true} />`;
  return html`<${Change} event=${event} />`;
}
