// @ts-check
/** What a ticket was that is a part of this one, folded. */
import { post } from "../shared/api.js";
import { linked } from "../shared/text.js";
import { timelineOf } from "../shared/timeline.js";
import { html, useState } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { sentenceOf } from "./sentences.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */

/**
 * @param {object} props `Entry`: draws one of its events
 * @param {import("../../client/types.d.ts").MergedFromEvent} props.event
 * @param {Conversation} props.conversation
 * @param {(props: {event: TimelineEvent, conversation: Conversation}) => any} props.Entry
 */
export function Merged({ event, conversation, Entry }) {
  const [events, setEvents] = useState(/** @type {TimelineEvent[] | null} */ (null));
  const { ticket_id: id, description } = event.data;
  const unfold = async (/** @type {{currentTarget: HTMLDetailsElement}} */ { currentTarget }) => {
    if (!currentTarget.open || events) return;
    const all = await timelineOf(id).catch(() => null);
    if (!all) return;
    await conversation.learnPeopleOf(id);
    setEvents(all);
    post(`/tickets/${id}/read`, { seq: all.at(-1)?.seq ?? 0 }).catch(() => {});
  };
  return html`<details class="merged" onToggle=${unfold}>
    <summary>${sentenceOf(event, conversation)}</summary>
    <p class="text" dir="auto">${linked(description)}</p>
    ${events === null ? html`<p role="status">${t("loading")}</p>` : null}
    ${events?.map((one) => html`<${Entry} key=${one.seq} event=${one} conversation=${conversation} />`)}
  </details>`;
}
