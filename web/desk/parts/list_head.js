/** Above the list: which one it is, its order, what is new, what is selected. */

import { navigate } from "../../shared/router.js";
import { html, Icon, useId } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { overlay } from "../overlays.js";
import { addressOf } from "../place.js";
import { changeableView } from "../saved_views.js";
import { viewName } from "../sayings.js";
import { selectFound } from "../select_found.js";
import { Later } from "./later.js";
import { fieldFilter } from "./parts.js";
import { Unverified } from "./unverified.js";

export const SORTS = ["-updated_at", "updated_at", "-created_at", "created_at", "-priority"];
const BULK = /** @type {const} */ (["assignee", "team", "status", "priority", "category", "tags"]);

/** @param {{isPage: boolean, list: import("../place.js").ListPlace}} props */
export function ListHead({ isPage, list }) {
  const desk = useDesk();
  const name = viewName(desk, list);
  return html`<header class="list-head">
    ${isPage ? html`<h1><bdi>${name}</bdi></h1>` : html`<h2><bdi>${name}</bdi></h2>`}
    ${desk.list.value ? html`<${Saving} />` : null}
    ${"view" in list ? html`<${Order} list=${list} />` : null}
    ${
      "q" in list && desk.fields.all.value.length
        ? html`<${Later} load=${fieldFilter} name="FieldFilter" with=${{ list }} />`
        : null
    }
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

/** What is shown can be saved as a view, and a view that was saved be changed. */
function Saving() {
  const names = /** @type {const} */ (["save_view", "change_view"]);
  const possible = changeableView(useDesk()) ? names : names.slice(0, 1);
  return possible.map(
    (name) => html`<button
      key=${name}
      type="button"
      class="quiet"
      aria-label=${t(`desk.do.${name}`)}
      title=${t(`desk.do.${name}`)}
      onClick=${() => (overlay.value = { name })}
    >
      <${Icon} name=${name === "save_view" ? "plus" : "pen"} />
    </button>`,
  );
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
  const { selection, bulk } = desk;
  const count = selection.ids.value.size;
  const running = bulk.running.value;
  if (running) {
    return html`<p class="selected" role="status">
      ${t("desk.bulk.running", { count: running })} <progress aria-hidden="true"></progress>
    </p>`;
  }
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
    ${
      selection.query.value
        ? null
        : html`<button type="button" onClick=${() => selectFound(desk)}>${t("desk.do.select_found")}</button>`
    }
    <button type="button" class="quiet" aria-label=${t("desk.select.clear")} onClick=${() => selection.clear()}>
      <${Icon} name="close" />
    </button>
  </div>`;
}
