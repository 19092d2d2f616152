import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";

/**
 * What stands below a list that comes page by page.
 * @param {{pages: ReturnType<typeof import("./pages.js").usePages>}} props
 */
export function Below({ pages: { rows, state, hasMore, more, reload } }) {
  if (state === "failed") {
    return html`<div role="alert" class="empty">
      <p>${t("desk.list.failed")}</p>
      <button type="button" onClick=${reload}>${t("desk.try_again")}</button>
    </div>`;
  }
  if (state === "loading") return html`<p class="muted" role="status">${t("loading")}</p>`;
  if (hasMore) {
    return html`<button type="button" onClick=${more}>${t("desk.more_of_these")}</button>`;
  }
  return rows.length ? null : html`<p class="empty">${t("desk.admin.none")}</p>`;
}
