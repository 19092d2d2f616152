/** What a person chooses for this browser. */

import { Dialog, html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { askForDesktopNotices } from "../desktop.js";
import { closeOverlay } from "../overlays.js";
import { choose, settings } from "../settings.js";
import { Away } from "./away.js";

const NAMES = /** @type {const} */ (["singleKeys", "enterSends", "goesOn", "holdsMessages"]);

export function Preferences() {
  const chosen = settings.value;
  const canNotify = "Notification" in globalThis;
  return html`<${Dialog} title=${t("desk.settings.title")} closeWord=${t("close")} onClose=${closeOverlay}>
    ${NAMES.map(
      (name) => html`<label key=${name} class="check">
        <input type="checkbox" checked=${chosen[name]} onChange=${() => choose({ [name]: !chosen[name] })} />
        ${t(`desk.settings.${name}`)}
      </label>`,
    )}
    ${
      canNotify
        ? html`<label class="check">
          <input
            type="checkbox"
            checked=${chosen.desktopNotices}
            onChange=${() => askForDesktopNotices(!chosen.desktopNotices)}
          />
          ${t("desk.settings.desktopNotices")}
        </label>`
        : null
    }
    <${Away} />
  <//>`;
}
