/** Says what to do where drawing a part of the page failed; the other parts go on. */

import { html, useErrorBoundary } from "../../shared/ui.js";
import { t } from "../../shared/words.js";

/** @param {{children?: any}} props */
export function Failed({ children }) {
  const [error, reset] = useErrorBoundary((shown) => console.error(shown));
  if (!error) return children;
  return html`<div class="empty" role="alert">
    <p>${t("desk.failed")}</p>
    <button type="button" onClick=${reset}>${t("desk.try_again")}</button>
  </div>`;
}
