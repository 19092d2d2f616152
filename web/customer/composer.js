// @ts-check
/** Where a customer writes. */
import { NotKept } from "../shared/not_kept.js";
import { html, useEffect, useRef } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { keepDraft } from "./drafts.js";
import { readerId } from "./page.js";

const LONGEST = 10_000;

/** @param {{conversation: import("./conversation.js").Conversation, begun: string}} props */
export function Composer({ conversation, begun }) {
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useEffect(() => {
    if (field.current) field.current.value = begun;
    keepDraft(readerId, conversation.id, begun);
  }, []);

  const typed = () => {
    const text = field.current?.value ?? "";
    keepDraft(readerId, conversation.id, text);
    conversation.typing(text.trim() !== "");
  };
  /** @param {Event} event */
  const send = (event) => {
    event.preventDefault();
    const text = field.current?.value ?? "";
    if (!field.current || !text.trim()) return;
    conversation.send(text);
    conversation.typing(false);
    field.current.value = "";
    keepDraft(readerId, conversation.id, "");
    field.current.focus();
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing)
      send(event);
  };
  return html`<form class="composer" onSubmit=${send}>
    <label for="content">${t("customer.message")}</label>
    <textarea
      ref=${field}
      id="content"
      name="content"
      rows="3"
      maxlength=${LONGEST}
      required
      dir="auto"
      onInput=${typed}
      onKeyDown=${key}
    ></textarea>
    <${NotKept} />
    <button class="primary">${t("customer.send")}</button>
  </form>`;
}

/** The form that the page came with. @param {{number: number}} props */
export function Closing({ number }) {
  return html`<form class="close" method="post" action="/tickets/${number}">
    <input type="hidden" name="do" value="close" />
    <button class="quiet">${t("customer.close")}</button>
  </form>`;
}
