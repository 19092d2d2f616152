/** Keys for programs: what each may do, when it was used last, and its end. */

import { del, post } from "../../shared/api.js";
import { fullTime } from "../../shared/time.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { say } from "../notices.js";
import { refuse } from "../reasons.js";
import { useCreating } from "./creating.js";
import { Below } from "./list.js";
import { usePages } from "./pages.js";

/** @typedef {import("../../../client/types.d.ts").ApiKeyView} Key */

const ROLES = /** @type {const} */ (["csr", "admin"]);
const SCOPES = /** @type {const} */ ([
  "tickets:read",
  "tickets:write",
  "messages:write",
  "people:read",
  "admin",
]);
/** For how many days a key is good; none: until it is revoked. */
const DAYS = /** @type {const} */ ([30, 90, 365, 0]);
const DAY_MS = 86_400_000;

export function Keys() {
  const pages = usePages("/admin/api_keys", { limit: 50 });
  return html`<p class="hint">${t("desk.key.about")}</p>
    <ul role="list" class="keys">
      ${pages.rows.map((key) => html`<${One} key=${key.id} shown=${key} onGone=${pages.reload} />`)}
    </ul>
    <${Below} pages=${pages} />
    <${NewKey} onDone=${pages.reload} />`;
}

/** @param {{shown: Key, onGone: () => void}} props */
function One({ shown, onGone }) {
  const { people } = useDesk();
  const [isSure, setSure] = useState(false);
  const revoke = () =>
    isSure ? del(`/admin/api_keys/${shown.id}`).then(onGone, refuse) : setSure(true);
  return html`<li class="card">
    <h2><bdi>${shown.name}</bdi></h2>
    ${
      shown.stopped_because
        ? html`<p class="error">${t(`desk.key.${shown.stopped_because}`)}</p>`
        : null
    }
    <p class="muted">
      <code>${shown.prefix}…</code> · ${t(`desk.role.${shown.role}`)} · ${shown.scopes.join(", ")}
    </p>
    <p class="muted">
      ${t("desk.key.made", { time: fullTime(shown.created_at), name: people.name(shown.created_by) })} ·
      ${shown.last_used_at ? t("desk.key.used", { time: fullTime(shown.last_used_at) }) : t("desk.key.unused")} ·
      ${shown.expires_at ? t("desk.key.until", { time: fullTime(shown.expires_at) }) : t("desk.key.for_good")}
    </p>
    <p class="message-actions">
      <button type="button" onClick=${revoke}>
        ${t(isSure ? "desk.key.sure" : "desk.key.revoke", { name: shown.name })}
      </button>
    </p>
  </li>`;
}

/** @param {{onDone: () => void}} props */
function NewKey({ onDone }) {
  const [made, setMade] = useState("");
  const create = async (/** @type {FormData} */ given) => {
    const days = Number(given.get("days"));
    const key = {
      name: given.get("name"),
      role: given.get("role"),
      scopes: given.getAll("scopes"),
      expires_at: days ? new Date(Date.now() + days * DAY_MS).toISOString() : null,
    };
    setMade((await post("/admin/api_keys", key)).data.key);
  };
  const { form, error, submit } = useCreating(create, onDone);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h2>${t("desk.key.new")}</h2>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${made ? html`<${Made} text=${made} />` : null}
    <label for="key-name">${t("desk.admin.name")}</label>
    <input id="key-name" name="name" required maxlength="200" autocomplete="off" />
    <label for="key-role">${t("desk.admin.role")}</label>
    <select id="key-role" name="role">
      ${ROLES.map((role) => html`<option key=${role} value=${role}>${t(`desk.role.${role}`)}</option>`)}
    </select>
    <fieldset>
      <legend>${t("desk.key.scopes")}</legend>
      ${SCOPES.map(
        (scope) => html`<label key=${scope} class="check">
          <input type="checkbox" name="scopes" value=${scope} checked=${scope === "tickets:read"} />
          <code>${scope}</code> ${t(`desk.key.scope.${scope}`)}
        </label>`,
      )}
    </fieldset>
    <label for="key-days">${t("desk.key.good_for")}</label>
    <select id="key-days" name="days">
      ${DAYS.map(
        (days) => html`<option key=${days} value=${days} selected=${days === 90}>
          ${days ? t("desk.key.days", { count: days }) : t("desk.key.for_good")}
        </option>`,
      )}
    </select>
    <button class="primary">${t("desk.admin.create")}</button>
  </form>`;
}

/** The key, this once. Without https a browser lets nobody write to its clipboard. @param {{text: string}} props */
function Made({ text }) {
  const copy = () =>
    navigator.clipboard.writeText(text).then(() => say(t("desk.key.copied")), refuse);
  return html`<p class="hint" role="status">${t("desk.key.shown_once")} <code>${text}</code></p>
    ${
      navigator.clipboard
        ? html`<p><button type="button" onClick=${copy}>${t("desk.key.copy")}</button></p>`
        : null
    }`;
}
