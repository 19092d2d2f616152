import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";

/**
 * Says where nobody has shown yet that a customer's address is theirs.
 * @param {{id: string}} props
 */
export function Unverified({ id }) {
  const found = useDesk().customers.details(id);
  if (!found || found.is_verified) return null;
  return html`<span class="label" data-priority="high">${t("desk.customer.unverified")}</span>`;
}
