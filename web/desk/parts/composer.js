/** Where one writes: a reply to the customer, or a note among the staff. */

import { adding, prepareAdding } from "../../shared/adding.js";
import { html, Icon, useEffect, useLayoutEffect, useSignal } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { named } from "../drafts.js";
import { composing, overlay } from "../overlays.js";
import { choose, settings } from "../settings.js";
import { Writing } from "./writing.js";

/** @typedef {import("../types.js").Kind} Kind */

const KINDS = /** @type {Kind[]} */ (["reply", "note"]);

/** @param {{opened: import("../opened.js").Opened}} props */
export function Composer({ opened }) {
  const desk = useDesk();
  const kind = useSignal(/** @type {Kind} */ ("reply"));
  const asked = composing.value;
  useEffect(() => void prepareAdding(), []);
  useLayoutEffect(() => {
    if (asked) kind.value = asked;
  }, [asked]);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    kind.value = kind.peek() === "reply" ? "note" : "reply";
    document.getElementById(`tab-${kind.peek()}`)?.focus();
  };
  const shown = kind.value;
  const uploads = opened.uploads(shown);
  const replaced = desk.drafts.replaced.value[named(opened.id, shown)] ?? 0;
  return html`<section
    class="composer"
    data-kind=${shown}
    aria-label=${t("desk.composer")}
    ...${uploads && adding.value?.fileListeners(uploads)}
  >
    <div class="composer-head">
      <div role="tablist" aria-label=${t("desk.composer.kind")} onKeyDown=${onKeyDown}>
        ${KINDS.map(
          (one) => html`<button
            key=${one}
            id=${`tab-${one}`}
            type="button"
            role="tab"
            class="tab"
            aria-selected=${String(one === shown)}
            aria-controls="composer-panel"
            tabindex=${one === shown ? 0 : -1}
            onClick=${() => (kind.value = one)}
          >
            ${t(`desk.${one}`)}
          </button>`,
        )}
      </div>
      <${Choices} />
    </div>
    <div id="composer-panel" role="tabpanel" aria-labelledby=${`tab-${shown}`}>
      <${Writing}
        key=${`${shown} ${replaced}`}
        opened=${opened}
        kind=${shown}
        isAsked=${asked === shown}
      />
    </div>
  </section>`;
}

function Choices() {
  const { enterSends } = settings.value;
  return html`<div class="choices">
    <label>
      <input
        type="checkbox"
        checked=${enterSends}
        onChange=${() => choose({ enterSends: !enterSends })}
      />
      ${t("desk.enter_sends")}
    </label>
    <button
      type="button"
      class="quiet"
      aria-label=${t("desk.settings.title")}
      onClick=${() => (overlay.value = { name: "settings" })}
    >
      <${Icon} name="menu" />
    </button>
  </div>`;
}
