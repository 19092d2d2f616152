/** The pages of those who administrate. */

import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Teams } from "./teams.js";
import { Users } from "./users.js";
import { Webhooks } from "./webhooks.js";

/** @type {Record<string, () => any>} */
const PAGES = { users: Users, teams: Teams, webhooks: Webhooks };

/** @param {{page: string}} props */
export function Admin({ page }) {
  const { me } = useDesk();
  if (me.role !== "admin") return html`<p class="empty" role="alert">${t("desk.admin.only")}</p>`;
  return html`<div class="admin">
    <h1>${t(`desk.admin.${page in PAGES ? page : "users"}`)}</h1>
    <${PAGES[page] ?? Users} />
  </div>`;
}
