/** The keys, as the table of commands has them, and the switch that turns single ones off. */

import { Dialog, html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { commandsOf } from "../commands.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { choose, settings } from "../settings.js";

const GROUPS = ["moving", "writing", "changing", "selecting", "going"];

export function Help() {
  const commands = commandsOf(useDesk());
  const { singleKeys } = settings.value;
  return html`<${Dialog} title=${t("desk.keys.title")} closeWord=${t("close")} onClose=${closeOverlay} class="help">
    <label class="check">
      <input type="checkbox" checked=${singleKeys} onChange=${() => choose({ singleKeys: !singleKeys })} />
      ${t("desk.keys.single")}
    </label>
    <p class="muted">${t("desk.keys.single_hint")}</p>
    <div class="help-groups">
      ${GROUPS.map(
        (group) => html`<section key=${group}>
          <h3>${t(`desk.keys.${group}`)}</h3>
          <dl>
            ${
              group === "writing"
                ? html`<div><dt><${Keys} keys=${["Ctrl+Enter"]} /></dt><dd>${t("desk.send")}</dd></div>
                  <div><dt><${Keys} keys=${["/"]} /></dt><dd>${t("desk.macro.offers")}</dd></div>`
                : null
            }
            ${commands
              .filter((command) => command.group === group && command.keys)
              .map(
                ({ id, word, keys }) => html`<div key=${id}>
                  <dt><${Keys} keys=${keys ?? []} /></dt>
                  <dd>${t(word)}</dd>
                </div>`,
              )}
          </dl>
        </section>`,
      )}
    </div>
  <//>`;
}

/** @param {{keys: string[]}} props */
export function Keys({ keys }) {
  return keys.map(
    (key, n) => html`${n ? " " : null}<span class="keys" key=${key}
        >${parts(key).map((part) => html`<kbd key=${part}>${part}</kbd>`)}</span
      >`,
  );
}

const SHOWN = new Map([
  ["ArrowDown", "↓"],
  ["ArrowUp", "↑"],
  ["Escape", "Esc"],
]);

/** @param {string} key */
function parts(key) {
  const single = key.split(/[+ ]/).filter(Boolean);
  return single.flatMap((part) => {
    const isShifted = part.length === 1 && part !== part.toLowerCase();
    const shown = SHOWN.get(part) ?? (part.length === 1 ? part.toUpperCase() : part);
    if (isShifted) return ["⇧", shown];
    return [part.length === 1 ? part : shown];
  });
}
