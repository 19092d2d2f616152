// @ts-check
/** What happened on a ticket, as its customer is told. */
import { changesOf } from "../shared/fields.js";
import { t } from "../shared/words.js";
import { statusWord } from "./status.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("../../client/types.d.ts").Event} TimelineEvent */

/**
 * @param {Conversation} conversation
 * @param {string | null} id
 */
export const nameOf = (conversation, id) =>
  conversation.people.value.get(id ?? "") ?? t("customer.support");

/**
 * @param {TimelineEvent} event
 * @param {Conversation} conversation
 */
export function sentenceOf(event, conversation) {
  switch (event.kind) {
    case "status_changed":
      return t("customer.event.status", { status: statusWord(event.data.to) });
    case "assigned":
      return event.data.to
        ? t("customer.event.assigned", { name: nameOf(conversation, event.data.to) })
        : t("customer.event.unassigned");
    case "category_changed":
      return t("customer.event.category", { category: event.data.to });
    case "merged_from":
      return t("customer.event.merged_from", {
        number: event.data.number,
        title: event.data.title,
      });
    case "unmerged":
      return t("customer.event.unmerged", { number: event.data.number });
    case "rated":
      return t("customer.event.rated", { score: event.data.score });
    case "erased":
      return t("customer.event.erased");
    case "participants_changed":
      return [
        ...event.data.added.map((id) =>
          t("customer.event.added", { name: nameOf(conversation, id) }),
        ),
        ...event.data.removed.map((id) =>
          t("customer.event.removed", { name: nameOf(conversation, id) }),
        ),
      ].join(" · ");
    case "fields_changed":
      return changesOf(event.data, conversation.fields.value)
        .map((change) => t("customer.event.field", change))
        .join(" · ");
    default:
      return ""; // Nothing that customers are told in words.
  }
}
