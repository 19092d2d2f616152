/** Why the ticket is whose it is. */

import { get } from "../../shared/api.js";
import { fullTime } from "../../shared/time.js";
import { Dialog, html, useEffect, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { wordOf } from "../sayings.js";

/** @typedef {import("../../../client/types.d.ts").Explanation} Explanation */

const COLUMNS = ["name", "outcome", "load", "turn"];

/** @param {{ticketId: string}} props */
export function Why({ ticketId }) {
  const [found, setFound] = useState(/** @type {Explanation | "none" | null} */ (null));
  useEffect(() => {
    get(`/csr/tickets/${ticketId}/assignment`).then(
      ({ data }) => setFound(data),
      () => setFound("none"),
    );
  }, [ticketId]);
  return html`<${Dialog} title=${t("desk.why.title")} closeWord=${t("close")} onClose=${closeOverlay}>
    ${found === null ? html`<p role="status">${t("loading")}</p>` : null}
    ${found === "none" ? html`<p>${t("desk.why.none")}</p>` : null}
    ${found && found !== "none" ? html`<${Decision} of=${found} />` : null}
  <//>`;
}

/** @param {{of: Explanation}} props */
function Decision({ of: { strategy, assigned_to_id, at, by, candidates } }) {
  const { people } = useDesk();
  const values = {
    to: people.name(assigned_to_id, t("desk.nobody")),
    by: people.name(by, t("desk.event.desk")),
    at: fullTime(at),
    strategy: wordOf("strategy", strategy),
  };
  return html`<p>${t("desk.why.sentence", values)}</p>
    ${
      candidates.length
        ? html`<div class="table">
          <table>
            <thead>
              <tr>${COLUMNS.map((column) => html`<th key=${column} scope="col">${t(`desk.why.${column}`)}</th>`)}</tr>
            </thead>
            <tbody>
              ${candidates.map(
                (one) => html`<tr key=${one.user_id}>
                  <th scope="row"><bdi>${people.name(one.user_id)}</bdi></th>
                  <td>${wordOf("outcome", one.outcome)}</td>
                  <td>${one.open_tickets} / ${one.capacity}</td>
                  <td>${one.turn}</td>
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`
        : null
    }`;
}
