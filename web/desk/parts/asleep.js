/** Whether the ticket sleeps, until when, and the other. */

import { fullTime } from "../../shared/time.js";
import { html, Icon } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { overlay } from "../overlays.js";

const OVER = ["resolved", "closed"];

/** @param {{row: import("../types.js").Row}} props */
export function Asleep({ row }) {
  const { changes } = useDesk();
  if (row.snoozed_until) {
    return html`<span><${Icon} name="clock" /> ${t("desk.snoozed_until", { until: fullTime(row.snoozed_until) })}</span>
      <button type="button" onClick=${() => changes.make(row.id, { snooze: null })}>
        ${t("desk.do.wake")}
      </button>`;
  }
  if (OVER.includes(row.status)) return null;
  const ask = () => {
    overlay.value = { name: "snooze" };
  };
  return html`<button type="button" onClick=${ask}>${t("desk.do.snooze")}</button>`;
}
