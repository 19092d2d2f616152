/** Webhooks, and how their last deliveries went. */

import { del, patch, post } from "../../shared/api.js";
import { fullTime } from "../../shared/time.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { say } from "../notices.js";
import { refuse } from "../reasons.js";
import { useCreating } from "./creating.js";
import { Below } from "./list.js";
import { usePages } from "./pages.js";

/** @typedef {import("../../../client/types.d.ts").WebhookView} Webhook */

const KINDS = [
  "ticket_created",
  "message_posted",
  "note_posted",
  "status_changed",
  "assigned",
  "priority_changed",
  "tags_changed",
  "category_changed",
  "fields_changed",
  "staff_fields_changed",
  "team_changed",
  "snoozed",
  "woke",
  "rated",
  "skills_required",
  "participants_changed",
  "linked",
  "unlinked",
  "merged_into",
  "merged_from",
  "unmerged",
  "split_from",
  "split_to",
  "erased",
];

export function Webhooks() {
  const pages = usePages("/admin/webhooks", { limit: 50 });
  return html`<ul role="list" class="webhooks">
      ${pages.rows.map(
        (webhook) =>
          html`<${One} key=${webhook.id} webhook=${webhook} onChange=${pages.replace} onGone=${pages.reload} />`,
      )}
    </ul>
    <${Below} pages=${pages} />
    <${NewWebhook} onDone=${pages.reload} />`;
}

/** @param {{webhook: Webhook, onChange: (webhook: Webhook) => void, onGone: () => void}} props */
function One({ webhook, onChange, onGone }) {
  const [isOpen, setOpen] = useState(false);
  const [isSure, setSure] = useState(false);
  const path = `/admin/webhooks/${webhook.id}`;
  const toggle = () =>
    patch(path, { is_active: !webhook.is_active }).then(({ data }) => onChange(data), refuse);
  const remove = () => (isSure ? del(path).then(onGone, refuse) : setSure(true));
  return html`<li class="card">
    <h2>${webhook.url}</h2>
    <p class="muted">${webhook.events.join(", ")}</p>
    ${
      webhook.disabled_because
        ? html`<p class="error">${t(`desk.webhook.${webhook.disabled_because}`)}</p>`
        : null
    }
    <p class="message-actions">
      <label class="check">
        <input type="checkbox" checked=${webhook.is_active} onChange=${toggle} /> ${t("desk.admin.active")}
      </label>
      <button type="button" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)}>
        ${t("desk.webhook.attempts")}
      </button>
      <button type="button" onClick=${remove}>
        ${t(isSure ? "desk.webhook.sure" : "desk.webhook.remove")}
      </button>
    </p>
    ${isOpen ? html`<${Attempts} path=${path} />` : null}
  </li>`;
}

/** @param {{path: string}} props */
function Attempts({ path }) {
  const pages = usePages(`${path}/attempts`, { limit: 20 });
  /** @param {string} id */
  const again = (id) =>
    post(`${path}/attempts/${id}/redeliver`).then(() => say(t("desk.webhook.again_done")), refuse);
  return html`<div class="table">
      <table>
        <thead>
          <tr>
            ${["at", "kind", "status", "took"].map(
              (column) => html`<th key=${column} scope="col">${t(`desk.webhook.${column}`)}</th>`,
            )}
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${pages.rows.map(
            (attempt) => html`<tr key=${attempt.id}>
              <td><time datetime=${attempt.at}>${fullTime(attempt.at)}</time></td>
              <td>${attempt.kind}</td>
              <td>${attempt.status ?? attempt.error}</td>
              <td>${attempt.ms} ms</td>
              <td>
                <button type="button" onClick=${() => again(attempt.id)}>${t("desk.webhook.again")}</button>
              </td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <${Below} pages=${pages} />`;
}

/** @param {{onDone: () => void}} props */
function NewWebhook({ onDone }) {
  const [secret, setSecret] = useState("");
  const create = async (/** @type {FormData} */ given) => {
    const webhook = { url: given.get("url"), events: given.getAll("events") };
    setSecret((await post("/admin/webhooks", webhook)).data.secret);
  };
  const { form, error, submit } = useCreating(create, onDone);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h2>${t("desk.webhook.new")}</h2>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${
      secret
        ? html`<p class="hint" role="status">${t("desk.webhook.secret")} <code>${secret}</code></p>`
        : null
    }
    <label for="webhook-url">${t("desk.webhook.url")}</label>
    <input id="webhook-url" name="url" type="url" required autocomplete="off" />
    <fieldset>
      <legend>${t("desk.webhook.events")}</legend>
      ${KINDS.map(
        (kind) => html`<label key=${kind} class="check">
          <input type="checkbox" name="events" value=${kind} /> ${kind}
        </label>`,
      )}
    </fieldset>
    <button class="primary">${t("desk.admin.create")}</button>
  </form>`;
}
