// @ts-check
/** The page of one's second factor: what of it needs scripts. */
import { ApiError, post } from "../shared/api.js";
import { create, whyNone } from "../shared/passkeys.js";
import { html, render, useState } from "../shared/ui.js";
import { has, t } from "../shared/words.js";
import { begin } from "./page.js";

const PAGE = "/account/second_factor";
const FILE = "recovery-codes.txt";

await begin();
offerToKeep();
offerToAdd();

/** The recovery codes, which are not shown again. */
function offerToKeep() {
  const place = document.getElementById("keep-codes");
  const list = document.getElementById("codes");
  if (!place || !list) return;
  const codes = [...list.children].map((code) => code.textContent?.trim());
  const text = `${codes.join("\n")}\n`;
  const said = /** @type {Element} */ (place.querySelector("[role=status]"));
  /** @type {Record<string, () => unknown>} */
  const acts = {
    copy: async () => {
      await navigator.clipboard.writeText(text);
      said.textContent = t("factor.copied");
    },
    save: () => saveAs(FILE, text),
    print: () => print(),
  };
  for (const button of place.querySelectorAll("button"))
    button.addEventListener("click", () => acts[button.dataset.do ?? ""]?.());
  place.hidden = false;
}

/** @param {string} name @param {string} text */
function saveAs(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function offerToAdd() {
  const place = document.getElementById("add-passkey");
  if (!place) return;
  const isFresh = place.dataset.fresh === "yes";
  const none = whyNone();
  place.replaceChildren();
  render(none ? html`<p class="muted">${t(none)}</p>` : html`<${Add} isFresh=${isFresh} />`, place);
}

/** @param {{isFresh: boolean}} props whether the password is not asked for again */
function Add({ isFresh }) {
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const sent = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const password = sent.get("current_password");
    setBusy(true);
    setError("");
    try {
      const { data } = await post(
        "/auth/passkeys/options",
        password === null ? {} : { current_password: password },
      );
      const credential = await create(data);
      await post("/auth/passkeys", { name: String(sent.get("name")), credential });
      location.assign(`${PAGE}?done=passkey`);
    } catch (refused) {
      setError(reason(refused));
      setBusy(false);
    }
  }

  return html`<form onSubmit=${submit}>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <label for="passkey-name">${t("factor.passkey_name")}</label>
    <input
      id="passkey-name"
      name="name"
      required
      maxlength="100"
      autocomplete="off"
      placeholder=${t("factor.passkey_example")}
    />
    ${
      isFresh
        ? null
        : html`<label for="passkey-password">${t("account.current")}</label>
          <input
            id="passkey-password"
            name="current_password"
            type="password"
            autocomplete="current-password"
            required
          />`
    }
    <button class="primary" disabled=${isBusy}>${t("factor.passkey_add")}</button>
  </form>`;
}

/** @param {unknown} error */
function reason(error) {
  if (!(error instanceof ApiError)) return t("factor.passkey_failed");
  const known = `error.${error.code}`;
  return t(has(known) ? known : "error.other");
}
