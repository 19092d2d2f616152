/** Above the list: which one it is, its order, what is new, what is selected. */

import { navigate } from "../../shared/router.js";
import { html, Icon, useId } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { overlay } from "../overlays.js";
import { addressOf } from "../place.js";
import { viewName } from "../sayings.js";
import { Unverified } from "./unverified.js";

const SORTS = ["-updated_at", "updated_at", "-created_at", "created_at", "-priority"];
const BULK = /** @type {const} */ (["assignee", "team", "status", "priority", "tags"]);

/** @param {{isPage: boolean, list: import("../place.js").ListPlace}} props */
export function ListHead({ isPage, list }) {
  const desk = useDesk();
  const name = viewName(desk, list);
  return html`<header class="list-head">
    ${isPage ? html`<h1><bdi>${name}</bdi></h1>` : html`<h2><bdi>${name}</bdi></h2>`}
    ${"view" in list ? html`<${Order} list=${list} />` : null}
    ${"customer" in list ? html`<${Customer} key=${list.customer} id=${list.customer} />` : null}
    <${Selected} />
  </header>`;
}

/** @param {{list: {view: string, sort?: string}}} props */
function Order({ list }) {
  const id = useId();
  const own = useDesk().list.value?.query.sort;
  /** @param {{currentTarget: HTMLSelectElement}} event */
  const onChange = ({ currentTarget }) => {
    navigate(addressOf({ view: list.view, sort: currentTarget.value }), { replace: true });
  };
  const chosen = String(own ?? "-created_at");
  return html`<div class="order">
    <label class="visually-hidden" for=${id}>${t("desk.sort")}</label>
    <select id=${id} value=${chosen} onChange=${onChange}>
      ${SORTS.map((sort) => html`<option key=${sort} value=${sort}>${t(`desk.sort.${sort}`)}</option>`)}
    </select>
  </div>`;
}

/** Whose tickets these are. @param {{id: string}} props */
function Customer({ id }) {
  const found = useDesk().customers.details(id);
  if (!found) return null;
  const { email, tickets } = found;
  return html`<p class="muted customer">
    ${email ? html`<a href=${`mailto:${email}`}>${email}</a> · ` : null}
    ${t("desk.customer.tickets", { ...tickets })} <${Unverified} id=${id} />
  </p>`;
}

function Selected() {
  const desk = useDesk();
  const count = desk.selection.ids.value.size;
  if (!count) return null;
  return html`<div class="selected" role="group" aria-label=${t("desk.selected", { count })}>
    <span>${t("desk.selected", { count })}</span>
    ${BULK.map(
      (field) => html`<button
        key=${field}
        type="button"
        onClick=${() => (overlay.value = { name: "palette", field })}
      >
        ${t(`desk.field.${field}`)}
      </button>`,
    )}
    <button type="button" class="quiet" aria-label=${t("desk.select.clear")} onClick=${() => desk.selection.clear()}>
      <${Icon} name="close" />
    </button>
  </div>`;
}
