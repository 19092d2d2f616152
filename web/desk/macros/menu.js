/** The macros that a composer offers: behind a slash at the beginning of a line. */

import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { say } from "../notices.js";
import { compose } from "../overlays.js";
import { useOffers } from "../parts/offers.js";
import { refuse } from "../reasons.js";
import { macrosOf } from "./macros.js";
import { actionWords } from "./sayings.js";

/** @typedef {import("./macros.js").Macro} Macro */
/** @typedef {import("../types.js").Kind} Kind */
/** @typedef {{current: HTMLTextAreaElement | null}} Field */

/** Up to the caret: a slash, and what is typed behind it. */
const ASKED = /(?:^|\n)\/((?!\s)[^\n]{0,64})?$/;

/**
 * @param {import("../opened.js").Opened} opened
 * @param {Kind} kind
 * @param {Field} field
 * @param {() => void} onInput what the field does once its text is another
 */
export function useMacroMenu(opened, kind, field, onInput) {
  const desk = useDesk();
  const macros = macrosOf(desk);
  return useOffers(field, {
    label: t("desk.macros.title"),
    begun: (before) => {
      const found = ASKED.exec(before);
      return found && (found[1] ?? "");
    },
    // Known ones are offered at once, and colleagues' changes a moment later.
    onBegin: () => macros.load().catch(() => {}),
    offered: (asked) => macros.fitting(asked),
    keyOf: ({ id }) => id,
    spoken: (count) => t("desk.macro.offered", { count }),
    shown: (macro) => html`<strong><bdi>${macro.name}</bdi></strong>
      ${macro.message ? html`<span class="muted said"><bdi>${macro.message.content}</bdi></span>` : null}
      <span class="muted"><bdi>${actionWords(desk, macro)}</bdi></span>`,
    choose: (macro, asked) => {
      const begin = cut(field.current, asked.length + 1);
      onInput();
      take(desk, opened, kind, macro, begin).catch(refuse);
    },
  });
}

/**
 * Takes so many characters before the caret away. Returns where they were.
 * @param {HTMLTextAreaElement | null} field
 * @param {number} count
 */
function cut(field, count) {
  if (!field) return 0;
  const end = field.selectionStart;
  field.setRangeText("", end - count, end, "end");
  return end - count;
}

/**
 * What it says is put where the slash was, and what it does is done when that is sent; one that
 * says nothing is used at once.
 * @param {import("../desk.js").Desk} desk
 * @param {import("../opened.js").Opened} opened
 * @param {Kind} kind
 * @param {Macro} macro
 * @param {number} begin
 */
async function take(desk, opened, kind, macro, begin) {
  const macros = macrosOf(desk);
  if (!macro.message) {
    await macros.use(macro, opened.id);
    return;
  }
  const { content, internal, missing } = await macros.preview(macro, opened.id);
  const to = internal ? "note" : "reply";
  const written = desk.drafts.get(opened.id, to)?.content ?? "";
  const place = to === kind ? begin : written.length;
  const before = written.slice(0, place);
  const gap = to === kind || !written ? "" : "\n";
  const text = `${before}${gap}${content}${written.slice(place)}`;
  desk.drafts.replace(opened.id, to, text, opened.timeline.last);
  opened.macro.value = { macro, kind: to };
  compose(to);
  if (missing.length) say(t("desk.macro.missing", { words: missing.join(", ") }));
}

/**
 * The macro that goes with what is written.
 * @param {{opened: import("../opened.js").Opened, macro: Macro}} props
 */
export function Chosen({ opened, macro }) {
  const desk = useDesk();
  const without = () => {
    opened.macro.value = null;
  };
  return html`<p class="hint" role="status">
    <span>
      ${t("desk.macro.goes_with", { name: macro.name })} <bdi class="muted">${actionWords(desk, macro)}</bdi>
    </span>
    <button type="button" onClick=${without}>${t("desk.macro.without")}</button>
  </p>`;
}
