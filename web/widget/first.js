// @ts-check
/** The form of a first message; who is known is asked for no name. */
import { ApiError } from "../shared/http.js";
import { newKey } from "../shared/keys.js";
import { html, useEffect, useId, useRef, useState } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { isOpen } from "./conversation.js";
import { beginAnother, beginWith } from "./who.js";

/** What of a refusal is said in words of ours. */
const COMMON = ["rate_limited", "offline"];

/** @param {{isKnown: boolean}} props */
export function First({ isKnown }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  // The same message is sent with the same key: of two that arrive one counts.
  const key = useRef({ of: "", value: "" });
  const id = useId();
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (isOpen.value)
      /** @type {HTMLElement | null} */ (form.current?.querySelector(".field") ?? null)?.focus();
  }, [isOpen.value]);

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (!form.current || isBusy) return;
    const sent = new FormData(form.current);
    /** @param {string} field */
    const given = (field) => String(sent.get(field) ?? "").trim();
    const first = { name: given("name"), email: given("email"), message: given("message") };
    const whole = JSON.stringify(first);
    if (key.current.of !== whole) key.current = { of: whole, value: newKey() };
    setBusy(true);
    setError("");
    try {
      if (isKnown) await beginAnother(first.message, key.current.value);
      else await beginWith(first, key.current.value);
    } catch (refused) {
      setBusy(false);
      setError(reason(refused));
    }
  }

  return html`<form ref=${form} class="rest first" onSubmit=${submit}>
    <p>${t("widget.hello")}</p>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${isKnown ? null : html`<${Who} id=${id} />`}
    <label for="${id}-message">${t("widget.message")}</label>
    <textarea
      id="${id}-message"
      name="message"
      class="field"
      rows="5"
      maxlength="10000"
      dir="auto"
      required
    ></textarea>
    <button class="primary" disabled=${isBusy}>
      ${isBusy ? t("widget.sending") : t("widget.send")}
    </button>
  </form>`;
}

/** @param {{id: string}} props */
function Who({ id }) {
  return html`<label for="${id}-name">${t("widget.name")}</label>
    <input
      id="${id}-name"
      name="name"
      class="field"
      autocomplete="name"
      maxlength="200"
      dir="auto"
      required
    />
    <label for="${id}-email">${t("widget.email")}</label>
    <input
      id="${id}-email"
      name="email"
      type="email"
      class="field"
      autocomplete="email"
      maxlength="254"
      required
    />`;
}

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof ApiError)) return t("error.other");
  if (COMMON.includes(error.code)) return t(`error.${error.code}`);
  if (error.code === "name_reserved") return t("widget.error.name_reserved");
  if (error.status === 422) return t("widget.error.invalid", { detail: error.detail });
  return t("error.other");
}
