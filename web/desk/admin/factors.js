/** What somebody signs in with besides their password is taken away from who has lost it. */

import { del } from "../../shared/api.js";
import { session } from "../../shared/session.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { say } from "../notices.js";
import { refuse } from "../reasons.js";

/** @param {{user: import("../../../client/types.d.ts").User}} props */
export function TakeAwayFactors({ user }) {
  const [isSure, setSure] = useState(false);
  if (user.id === session.value.user?.id) return null;
  const takeAway = async () => {
    if (!isSure) return setSure(true);
    setSure(false);
    await del(`/admin/users/${user.id}/factors`).then(
      () => say(t("desk.admin.factors_gone", { name: user.full_name })),
      refuse,
    );
  };
  const word = t(isSure ? "desk.admin.factors_sure" : "desk.admin.factors_take");
  return html`<button
    type="button"
    class="quiet"
    aria-label=${`${word}: ${user.full_name}`}
    onClick=${takeAway}
    onBlur=${() => setSure(false)}
  >
    ${word}
  </button>`;
}
