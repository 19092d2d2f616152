// @ts-check
/** The form that signs in: a page of its own, or over what was there. */
import { ApiError } from "./http.js";
import { sign, whyNone } from "./passkeys.js";
import { secondStep, signIn, signInByPasskey } from "./session.js";
import { html, useId, useLayoutEffect, useRef, useState } from "./ui.js";
import { t } from "./words.js";

/** What of a refusal is said; what it says by itself is English. */
const SAID = [
  "challenge_over",
  "invalid_code",
  "invalid_credentials",
  "invalid_passkey",
  "offline",
  "passkey_required",
  "password_login_off",
  "rate_limited",
];

/** What a page says of itself in its head; null where it says nothing. */
const said = (/** @type {string} */ name) =>
  document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? null;

/** @param {{heading?: string, onDone?: () => void, children?: any}} props */
export function SignIn({ heading = t("signin.title"), onDone = () => {}, children = null }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const id = useId();
  const [error, setError] = useState("");
  const [isBusy, setBusy] = useState(false);
  /** Of a password that was right, where a code is asked for, too. */
  const [challenge, setChallenge] = useState("");
  const withPassword = said("password-login") !== "off";

  const field = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement | null} */ (form.current?.elements.namedItem(name) ?? null);
  useLayoutEffect(() => (field("email") ?? field("code"))?.focus(), [challenge]);

  /** @param {FormData} sent */
  const enter = (sent) =>
    challenge
      ? secondStep(challenge, String(sent.get("code")))
      : signIn(String(sent.get("email")).trim(), String(sent.get("password")));

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (!form.current || isBusy) return;
    const sent = new FormData(form.current);
    setBusy(true);
    setError("");
    try {
      await enter(sent);
      onDone();
    } catch (refused) {
      refuse(refused);
    } finally {
      setBusy(false);
    }
  }

  /** @param {unknown} refused */
  function refuse(refused) {
    const code = refused instanceof ApiError ? refused.code : "";
    if (refused instanceof ApiError && code === "second_factor_required")
      return setChallenge(String(refused.body.challenge));
    if (code === "challenge_over") setChallenge("");
    setError(reason(refused));
    (field("password") ?? field("code"))?.select();
  }

  const password = html`<label for="${id}-email">${t("signin.email")}</label>
    <input id="${id}-email" name="email" type="email" autocomplete="username" required />
    <label for="${id}-password">${t("signin.password")}</label>
    <input
      id="${id}-password"
      name="password"
      type="password"
      autocomplete="current-password"
      required
    />`;
  const second = html`<${Code} id="${id}-code" />
    <button class="primary" disabled=${isBusy}>${t("signin.submit")}</button>
    <button type="button" class="quiet" onClick=${() => setChallenge("")}>${t("signin.anew")}</button>`;
  const first = html`${withPassword ? password : null}
    ${
      withPassword
        ? html`<button class="primary" disabled=${isBusy}>${t("signin.submit")}</button>
            <${PasskeyButton} onDone=${onDone} />`
        : null
    }
    <${SignOn} />
    ${withPassword ? html`<p><a href="/forgot">${t("signin.forgot")}</a></p>` : null}`;
  return html`<form ref=${form} class="card sign-in" method="post" onSubmit=${submit}>
    ${heading ? html`<h1>${heading}</h1>` : null}
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${challenge ? second : first}
    ${children}
  </form>`;
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

/** @param {{id: string}} props */
const Code = ({ id }) => html`<label for=${id}>${t("signin.code")}</label>
  <input
    id=${id}
    name="code"
    autocomplete="one-time-code"
    autocapitalize="none"
    spellcheck="false"
    maxlength="64"
    aria-describedby="${id}-hint"
    required
  />
  <p id="${id}-hint" class="muted">${t("signin.code_hint")}</p>`;

/** @param {{onDone?: () => void}} props */
export function PasskeyButton({ onDone = () => {} }) {
  const [error, setError] = useState("");
  if (whyNone()) return null;

  async function enter() {
    setError("");
    try {
      await signInByPasskey(await sign());
      onDone();
    } catch (refused) {
      // Who has changed their mind knows so.
      if (refused instanceof ApiError) setError(reason(refused));
    }
  }

  return html`${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <button type="button" onClick=${enter}>${t("signin.passkey")}</button>`;
}

/** @param {unknown} error */
function reason(error) {
  const code = error instanceof ApiError ? error.code : "";
  return t(SAID.includes(code) ? `error.${code}` : "error.other");
}
