import { html, Icon } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";

const LONGEST = 160;
const MOST = 3;

/**
 * What others said since one began to write; it is shown before one's own is sent.
 * @param {{events: import("../types.js").Event[], isWarned: boolean, onSeen: () => void}} props
 */
export function Meanwhile({ events, isWarned, onSeen }) {
  const desk = useDesk();
  return html`<div class="hint meanwhile" role="alert" data-warned=${isWarned ? "yes" : "no"}>
    <p><${Icon} name="alert" /> <strong>${t("desk.meanwhile", { count: events.length })}</strong></p>
    <ul role="list">
      ${events.slice(-MOST).map(
        ({ seq, actor_id, data }) => html`<li key=${seq}>
          <bdi>${desk.people.name(actor_id)}</bdi>: <q dir="auto">${excerpt(data)}</q>
        </li>`,
      )}
    </ul>
    ${isWarned ? html`<p>${t("desk.meanwhile.send")}</p>` : null}
    <button type="button" onClick=${onSeen}>${t("desk.meanwhile.seen")}</button>
  </div>`;
}

/** @param {import("../types.js").Event["data"]} data */
function excerpt(data) {
  const content = "content" in data ? String(data.content) : "";
  return content.length > LONGEST ? `${content.slice(0, LONGEST)}…` : content;
}
