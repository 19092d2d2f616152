/** How a team's tickets were shared out of late. */

import { get } from "../../shared/api.js";
import { html, useEffect, useState } from "../../shared/ui.js";
import { locale, t } from "../../shared/words.js";
import { useDesk } from "../desk.js";

/** @typedef {import("../../../client/types.d.ts").TeamShare} Share */

const DAYS = 7;
const COLUMNS = ["given", "taken_away", "hours", "share", "fair_share"];
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

/** @param {{path: string}} props */
export function Fairness({ path }) {
  const { people } = useDesk();
  const [shares, setShares] = useState(/** @type {Share[] | null} */ (null));
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    get(`${path}/fairness`, { days: DAYS }).then(
      ({ data }) => setShares(data),
      () => setFailed(true),
    );
  }, [path]);
  if (hasFailed) return html`<p class="error" role="alert">${t("error.other")}</p>`;
  if (!shares) return html`<p role="status">${t("loading")}</p>`;
  // On a phone it is scrolled, by keys too.
  return html`<div class="table" role="region" aria-label=${t("desk.team.fairness")} tabindex="0">
    <table>
      <caption>${t("desk.team.days", { count: DAYS })}</caption>
      <thead>
        <tr>
          <th scope="col">${t("desk.admin.name")}</th>
          ${COLUMNS.map((column) => html`<th key=${column} scope="col">${t(`desk.team.${column}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${shares.map(
          (one) => html`<tr key=${one.user_id}>
            <th scope="row"><bdi>${people.name(one.user_id)}</bdi></th>
            <td>${one.given}</td>
            <td>${one.taken_away}</td>
            <td>${number.format(one.available_hours)}</td>
            <td>${percent.format(one.share)}</td>
            <td>${percent.format(one.fair_share)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
