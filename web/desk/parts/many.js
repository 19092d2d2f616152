/** Asks before many tickets are changed: how many, and what becomes of them. */

import { valueWord } from "../../shared/fields.js";
import { fullTime } from "../../shared/time.js";
import { Dialog, html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { priorityWord, statusWord } from "../sayings.js";

/** @param {{change: import("../bulk.js").ManyChange}} props */
export function Many({ change }) {
  const desk = useDesk();
  const count = desk.selection.ids.value.size;
  const go = () => {
    closeOverlay();
    desk.bulk.makeLarge(change);
  };
  return html`<${Dialog} title=${t("desk.many.title", { count })} closeWord=${t("close")} onClose=${closeOverlay}>
    <ul role="list">
      ${lines(desk, change).map(([label, value]) => html`<li key=${label}>${label}: <strong><bdi>${value}</bdi></strong></li>`)}
    </ul>
    <p class="message-actions">
      <button type="button" class="primary" onClick=${go}>${t("desk.many.go", { count })}</button>
      <button type="button" onClick=${closeOverlay}>${t("desk.many.cancel")}</button>
    </p>
  <//>`;
}

/**
 * @param {import("../desk.js").Desk} desk
 * @param {import("../bulk.js").ManyChange} change
 * @returns {[label: string, value: string][]}
 */
function lines(desk, change) {
  if ("addTags" in change) return [[t("desk.tag.add"), change.addTags.join(", ")]];
  if ("assignee" in change) {
    const name = change.assignee ? desk.people.name(change.assignee) : t("desk.nobody");
    return [[t("desk.field.assignee"), name]];
  }
  if ("values" in change) {
    return Object.entries(change.values).map(([key, value]) => {
      const field = desk.fields.byKey.value.get(key);
      return [field?.label ?? key, valueWord(field, value)];
    });
  }
  if ("snooze" in change) {
    const { until } = change.snooze ?? {};
    return [[t(until ? "desk.do.snooze" : "desk.do.wake"), until ? fullTime(until) : ""]];
  }
  const { status, priority, category } = change.fields;
  const all = /** @type {[string, string][]} */ ([]);
  if (status) all.push([t("desk.field.status"), statusWord(status)]);
  if (priority !== undefined) all.push([t("desk.field.priority"), priorityWord(priority)]);
  if (category) all.push([t("desk.field.category"), category]);
  return all;
}
