// @ts-check
/** Says beside what one writes that this browser does not keep it. */
import { hasFailed } from "./storage.js";
import { html } from "./ui.js";
import { t } from "./words.js";

export const NotKept = () =>
  hasFailed.value ? html`<p class="muted" role="status">${t("storage.failed")}</p>` : null;
