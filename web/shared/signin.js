// @ts-check
/** The form that signs in: a page of its own, or over what was there. */
import { ApiError } from "./http.js";
import { signIn } from "./session.js";
import { html, useId, useLayoutEffect, useRef, useState } from "./ui.js";
import { t } from "./words.js";

/** What of a refusal is said; what it says by itself is English. */
const SAID = ["invalid_credentials", "password_login_off", "rate_limited", "offline"];

/** What a page says of itself in its head; null where it says nothing. */
const said = (/** @type {string} */ name) =>
  document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? null;

/** @param {{heading?: string, onDone?: () => void, children?: any}} props */
export function SignIn({ heading = t("signin.title"), onDone = () => {}, children = null }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const id = useId();
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  const withPassword = said("password-login") !== "off";

  const field = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement | null} */ (form.current?.elements.namedItem(name) ?? null);
  useLayoutEffect(() => field("email")?.focus(), []);

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (!form.current || isBusy) return;
    const sent = new FormData(form.current);
    setBusy(true);
    setError("");
    try {
      await signIn(String(sent.get("email")).trim(), String(sent.get("password")));
      onDone();
    } catch (refused) {
      setError(reason(refused));
      field("password")?.select();
    } finally {
      setBusy(false);
    }
  }

  return html`<form ref=${form} class="card sign-in" method="post" onSubmit=${submit}>
    ${heading ? html`<h1>${heading}</h1>` : null}
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${withPassword ? html`<${Fields} id=${id} isBusy=${isBusy} />` : null}
    <${SignOn} />
    ${children}
  </form>`;
}

/** @param {{id: string, isBusy: boolean}} props */
function Fields({ id, isBusy }) {
  return html`<label for="${id}-email">${t("signin.email")}</label>
    <input id="${id}-email" name="email" type="email" autocomplete="username" required />
    <label for="${id}-password">${t("signin.password")}</label>
    <input
      id="${id}-password"
      name="password"
      type="password"
      autocomplete="current-password"
      required
    />
    <button class="primary" disabled=${isBusy}>${t("signin.submit")}</button>`;
}

/** The way to the identity provider, and from there back to where one is. */
function SignOn() {
  const name = said("sign-on");
  if (name === null) return null;
  const path = `/web/oidc/start?return_to=${encodeURIComponent(location.pathname)}`;
  return html`<a class="button" href=${path}>
    ${name ? t("signin.with", { name }) : t("signin.with_organisation")}
  </a>`;
}

/** @param {unknown} error */
function reason(error) {
  const code = error instanceof ApiError ? error.code : "";
  return t(SAID.includes(code) ? `error.${code}` : "error.other");
}
