import { html, Icon } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { dismiss, notices } from "../notices.js";

/** What is said in passing, at the edge of the page. */
export function Notices() {
  return html`<div class="notices" role="status" aria-label=${t("desk.notices")}>
    ${notices.value.map((notice) => html`<${One} key=${notice.id} notice=${notice} />`)}
  </div>`;
}

/** @param {{notice: import("../notices.js").Notice}} props */
function One({ notice: { id, text, manner, action } }) {
  const act = () => {
    dismiss(id);
    action?.run();
  };
  return html`<div class="notice" data-manner=${manner}>
    <p>${text}</p>
    ${action ? html`<button type="button" onClick=${act}>${action.label}</button>` : null}
    <button type="button" class="quiet" aria-label=${t("close")} onClick=${() => dismiss(id)}>
      <${Icon} name="close" />
    </button>
  </div>`;
}
