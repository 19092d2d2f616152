/** A list without rows says why. */

import { route } from "../../shared/router.js";
import { html } from "../../shared/ui.js";
import { has, t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { placeOf } from "../place.js";

const BONES = [1, 2, 3, 4, 5, 6];

/** @param {{list?: import("../store/view.js").View | null}} props */
export function EmptyList({ list = null }) {
  const desk = useDesk();
  const place = placeOf(route.value);
  const at = "list" in place ? place.list : null;
  if (at && "q" in at && !at.q.trim() && !at.fields)
    return html`<p class="empty">${t("desk.search.begin")}</p>`;
  const views = desk.views.state.value;
  const state = list ? list.state.value : views === "ready" ? "unknown" : views;
  if (state === "failed") {
    const again = () => (list ? desk.views.reload(list) : desk.views.load());
    return html`<div class="empty" role="alert">
      <p>${t("desk.list.failed")}</p>
      <button type="button" onClick=${again}>${t("desk.try_again")}</button>
    </div>`;
  }
  if (state === "unknown") return html`<p class="empty">${t("desk.view.unknown_hint")}</p>`;
  if (state === "loading" || state === "empty") return html`<${Skeleton} />`;
  return html`<ul class="rows" role="list" aria-label=${t("desk.tickets")}></ul>
    <p class="empty">${t(emptyWord(at))}</p>`;
}

/** @param {import("../place.js").ListPlace | null} at */
function emptyWord(at) {
  if (at && "q" in at) return "desk.empty.search";
  const key = at && "view" in at ? `desk.empty.${at.view}` : "";
  return has(key) ? key : "desk.empty.other";
}

const Skeleton = () => html`<div class="skeleton">
  <p class="visually-hidden" role="status">${t("loading")}</p>
  ${BONES.map((n) => html`<div key=${n} class="bone" aria-hidden="true"></div>`)}
</div>`;
