/** The tags of a ticket: each goes by its button, and new ones come by Enter or a comma. */

import { html, Icon, useId, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";

const LONGEST = 32;

/** @param {{row: import("../types.js").Row}} props */
export function Tags({ row }) {
  const desk = useDesk();
  const id = useId();
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  /** @param {string[]} tags */
  const set = (tags) => desk.changes.make(row.id, { fields: { tags: [...new Set(tags)] } });
  const add = () => {
    const typed = (input.current?.value ?? "").split(",").map((tag) => tag.trim());
    const wanted = typed.filter(Boolean).map((tag) => tag.slice(0, LONGEST));
    if (input.current) input.current.value = "";
    if (wanted.length) set([...row.tags, ...wanted]);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && !input.current?.value) {
      set(row.tags.slice(0, -1));
    }
  };
  return html`<div class="field tags">
    <label for=${id}>${t("desk.field.tags")}</label>
    <div class="tags-box">
      ${row.tags.map(
        (tag) => html`<span key=${tag} class="label tag"
          ><bdi>${tag}</bdi
          ><button
            type="button"
            class="quiet"
            aria-label=${t("desk.tag.remove", { tag })}
            onClick=${() => set(row.tags.filter((other) => other !== tag))}
          >
            <${Icon} name="close" /></button
        ></span>`,
      )}
      <input
        id=${id}
        ref=${input}
        type="text"
        autocomplete="off"
        maxlength="200"
        placeholder=${t("desk.tag.add")}
        onKeyDown=${onKeyDown}
        onBlur=${add}
      />
    </div>
  </div>`;
}
