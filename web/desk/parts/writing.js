/** The text field of the composer, one for each ticket and kind. */

import { adding } from "../../shared/adding.js";
import { NotKept } from "../../shared/not_kept.js";
import { html, Icon, useEffect, useLayoutEffect, useRef, useSignal } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { macrosOf } from "../macros/macros.js";
import { Chosen, useMacroMenu } from "../macros/menu.js";
import { composing } from "../overlays.js";
import { settings } from "../settings.js";
import { Meanwhile } from "./meanwhile.js";
import { useMentioning } from "./mentioning.js";

/** @typedef {import("../types.js").Kind} Kind */

const LONGEST = 10_000;

/**
 * @param {{opened: import("../opened.js").Opened, kind: Kind, isAsked: boolean}} props `isAsked`:
 *   whether to begin here
 */
export function Writing({ opened, kind, isAsked }) {
  const desk = useDesk();
  const uploads = opened.uploads(kind);
  const parts = adding.value;
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const begun = useRef(desk.drafts.get(opened.id, kind)?.content ?? "").current;
  /** Up to where the writer knows what was said, or is known to have seen it. */
  const seenTo = useSignal(begun ? (desk.drafts.get(opened.id, kind)?.base ?? 0) : null);
  const isWarned = useSignal(false);
  const isEmpty = useSignal(!begun);
  const said = kind === "reply" && seenTo.value !== null ? opened.publicSince(seenTo.value) : [];
  useLayoutEffect(() => {
    if (!isAsked) return;
    composing.value = null;
    field.current?.focus();
  }, [isAsked]);
  useLayoutEffect(() => grow(field.current), []);
  useEffect(() => () => opened.handle?.typing(false, { internal: kind === "note" }), []);
  const know = () => {
    seenTo.value = opened.timeline.last;
    isWarned.value = false;
    desk.drafts.rebase(opened.id, kind, opened.timeline.last);
  };
  const onInput = () => {
    const content = field.current?.value ?? "";
    grow(field.current);
    isEmpty.value = !content.trim();
    if (!content) seenTo.value = null;
    else if (seenTo.peek() === null) seenTo.value = opened.timeline.last;
    desk.drafts.write(opened.id, kind, content, opened.timeline.last);
    opened.handle?.typing(Boolean(content), { internal: kind === "note" });
  };
  const macros = useMacroMenu(opened, kind, field, onInput);
  const mentioning = useMentioning(field, onInput);
  const chosen = opened.macro.value?.kind === kind ? opened.macro.value.macro : null;
  const send = () => {
    const typed = field.current?.value ?? "";
    if (!canSend(uploads, !typed.trim())) return;
    if (said.length && !isWarned.peek()) {
      isWarned.value = true;
      return;
    }
    const { holdsMessages: isHeld } = settings.peek();
    const expectSeq = kind === "reply" && opened.timeline.last ? opened.timeline.last : null;
    const files = uploads?.take() ?? [];
    const content = typed.trim() ? typed : (parts?.namesOf(files) ?? "");
    const macro = chosen ? macrosOf(desk).sent(chosen, opened.id) : undefined;
    opened.outgoing.send(content, kind, { expectSeq, isHeld, files, macro });
    if (chosen) opened.macro.value = null;
    desk.drafts.posted(opened.id, kind);
    if (field.current) field.current.value = "";
    grow(field.current);
    isEmpty.value = true;
    seenTo.value = null;
    isWarned.value = false;
    opened.handle?.typing(false);
    mentioning.close();
    field.current?.focus();
  };
  const otherKeys = keyListener(send, field);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => macros.take(event) || mentioning.take(event) || otherKeys(event);
  return html`<${Conflict} opened=${opened} kind=${kind} />
    <${Colleagues} opened=${opened} kind=${kind} />
    ${said.length ? html`<${Meanwhile} events=${said} isWarned=${isWarned.value} onSeen=${know} />` : null}
    ${chosen ? html`<${Chosen} opened=${opened} macro=${chosen} />` : null}
    ${macros.list}
    ${mentioning.list}
    <textarea
      key="field"
      ref=${field}
      class="field-text"
      dir="auto"
      rows="3"
      maxlength=${LONGEST}
      aria-label=${t(`desk.${kind}`)}
      placeholder=${t(`desk.${kind}.hint`)}
      aria-autocomplete="list"
      ...${{ ...macros.attributes, ...mentioning.attributes }}
      onInput=${() => {
        onInput();
        macros.look();
        mentioning.look();
      }}
      onBlur=${() => {
        macros.close();
        mentioning.close();
      }}
      onKeyDown=${onKeyDown}
      defaultValue=${begun}
    ></textarea>
    <${NotKept} />
    ${uploads && parts ? html`<${parts.UploadList} uploads=${uploads} />` : null}
    <div class="composer-foot">
      ${uploads && parts ? html`<${parts.AttachButton} uploads=${uploads} />` : null}
      <p class="muted">${t(settings.value.enterSends ? "desk.keys.enter" : "desk.keys.ctrl_enter")}</p>
      <button
        type="button"
        class="primary"
        aria-disabled=${String(!canSend(uploads, isEmpty.value))}
        onClick=${send}
      >
        <${Icon} name="send" /> ${t(isWarned.value ? "desk.send_anyway" : "desk.send")}
      </button>
    </div>`;
}

/**
 * Whether there is something to send, and all of it is there.
 * @param {import("../../shared/uploads.js").Uploads | null} uploads
 * @param {boolean} isEmpty whether no text is written
 */
const canSend = (uploads, isEmpty) =>
  !uploads?.isBusy && !(isEmpty && !uploads?.files.value.length);

/**
 * Enter, or Ctrl Enter, as the person chose; never while a letter is being composed.
 * @param {() => void} send
 * @param {{current: HTMLTextAreaElement | null}} field
 * @returns {(event: KeyboardEvent) => void}
 */
function keyListener(send, field) {
  return (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      const log = field.current?.closest(".ticket")?.querySelector(".log");
      if (log instanceof HTMLElement) log.focus();
    }
    if (event.key !== "Enter" || event.altKey) return;
    const isSend =
      event.ctrlKey || event.metaKey || (settings.peek().enterSends && !event.shiftKey);
    if (!isSend) return;
    event.preventDefault();
    if (!event.repeat) send();
  };
}

/** As high as its text, within the bounds of the style sheet. @param {HTMLTextAreaElement | null} field */
function grow(field) {
  if (!field) return;
  field.style.blockSize = "auto";
  // An empty one has its height from its rows: asking for it would lay the whole page out.
  if (field.value) field.style.blockSize = `${field.scrollHeight + 2}px`;
}

/**
 * A colleague who writes a reply is named before one starts a second one.
 * @param {{opened: import("../opened.js").Opened, kind: Kind}} props
 */
function Colleagues({ opened, kind }) {
  const desk = useDesk();
  const names = opened.writers
    .filter(({ id, internal }) => !opened.isCustomer(id) && !internal)
    .map(({ id }) => desk.people.name(id));
  if (kind !== "reply" || !names.length) return null;
  return html`<p class="hint" role="status">
    <${Icon} name="pen" /> ${t("desk.colleague_writes", { names: names.join(", ") })}
  </p>`;
}

/**
 * The draft was changed on another device as well.
 * @param {{opened: import("../opened.js").Opened, kind: Kind}} props
 */
function Conflict({ opened, kind }) {
  const { drafts } = useDesk();
  const theirs = drafts.conflicts.value[`${opened.id}:${kind}`];
  if (!theirs) return null;
  return html`<div class="hint" role="alert">
    <p>${t("desk.draft.conflict")}</p>
    <blockquote class="text" dir="auto">${theirs.content}</blockquote>
    <button type="button" onClick=${() => drafts.choose(opened.id, kind, "mine")}>
      ${t("desk.draft.mine")}
    </button>
    <button type="button" onClick=${() => drafts.choose(opened.id, kind, "theirs")}>
      ${t("desk.draft.theirs")}
    </button>
  </div>`;
}
