/** The pages of those who administrate. */

import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Audit } from "./audit.js";
import { Fields } from "./fields.js";
import { Keys } from "./keys.js";
import { Teams } from "./teams.js";
import { Users } from "./users.js";
import { Webhooks } from "./webhooks.js";

/** @type {Record<string, () => any>} */
const PAGES = {
  users: Users,
  teams: Teams,
  fields: Fields,
  webhooks: Webhooks,
  keys: Keys,
  audit: Audit,
};

/** @param {{page: string}} props */
export function Admin({ page }) {
  const { me } = useDesk();
  if (me.role !== "admin") return html`<p class="empty" role="alert">${t("desk.admin.only")}</p>`;
  const name = page in PAGES ? page : "users";
  return html`<div class="admin">
    <h1>${t(`desk.admin.${name}`)}</h1>
    <${PAGES[name]} />
  </div>`;
}
