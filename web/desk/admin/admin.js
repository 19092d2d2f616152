/** The pages of those who administrate. */

import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Users } from "./users.js";
import { Webhooks } from "./webhooks.js";

/** @param {{page: string}} props */
export function Admin({ page }) {
  const { me } = useDesk();
  if (me.role !== "admin") return html`<p class="empty" role="alert">${t("desk.admin.only")}</p>`;
  return html`<div class="admin">
    <h1>${t(page === "webhooks" ? "desk.admin.webhooks" : "desk.admin.users")}</h1>
    ${page === "webhooks" ? html`<${Webhooks} />` : html`<${Users} />`}
  </div>`;
}
