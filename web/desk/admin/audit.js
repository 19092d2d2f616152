/** The audit log: who did what to whom, the newest first. Its filters stand in the address. */

import { navigate, route } from "../../shared/router.js";
import { fullTime } from "../../shared/time.js";
import { html } from "../../shared/ui.js";
import { has, keysOf, t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Below } from "./list.js";
import { usePages } from "./pages.js";

/** @typedef {import("../../../client/types.d.ts").AuditEntry} Entry */
/** @typedef {"actor_id" | "action" | "subject_id" | "since"} FilterName */
/** @typedef {Partial<Record<FilterName, string>>} Filters */

const PATH = "/desk/admin/audit";
const NAMES = /** @type {const} */ (["actor_id", "action", "subject_id", "since"]);
const COLUMNS = ["at", "actor", "what", "subject", "data", "address"];
const DID = "audit.did.";
const SHORT = 8;
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

export function Audit() {
  const given = filtersOf(route.value.params);
  const pages = usePages("/admin/audit", { limit: 50, ...asked(given) });
  return html`<${Narrowed} filters=${given} />
    <div class="table" role="region" aria-label=${t("desk.admin.audit")} tabindex="0">
      <table>
        <thead>
          <tr>
            ${COLUMNS.map((column) => html`<th key=${column} scope="col">${t(`audit.${column}`)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${pages.rows.map((entry) => html`<${One} key=${entry.id} entry=${entry} filters=${given} />`)}
        </tbody>
      </table>
    </div>
    <${Below} pages=${pages} />`;
}

/** @param {URLSearchParams} params @returns {Filters} */
const filtersOf = (params) =>
  Object.fromEntries(NAMES.flatMap((name) => (params.get(name) ? [[name, params.get(name)]] : [])));

/** As the server is asked: a day begins where the reader is. @param {Filters} filters */
function asked({ since, ...others }) {
  const day = since ? new Date(`${since}T00:00`) : null;
  return day && !Number.isNaN(day.getTime()) ? { ...others, since: day.toISOString() } : others;
}

/** @param {Filters} filters */
const addressOf = (filters) => {
  const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value));
  return query.size ? `${PATH}?${query}` : PATH;
};

/** @param {string} action */
const sentence = (action) => (has(DID + action) ? t(DID + action) : t("audit.other", { action }));

/** @param {{filters: Filters}} props */
function Narrowed({ filters }) {
  const { people } = useDesk();
  /** @param {FilterName} name */
  const set = (name) => (/** @type {any} */ event) =>
    navigate(addressOf({ ...filters, [name]: event.currentTarget.value }), { replace: true });
  const actions = keysOf(DID).map((key) => key.slice(DID.length));
  if (filters.action && !actions.includes(filters.action)) actions.push(filters.action);
  return html`<div class="filters">
    <p><label for="audit-action">${t("audit.action")}</label>
    <select id="audit-action" value=${filters.action ?? ""} onChange=${set("action")}>
      <option value="">${t("audit.any")}</option>
      ${actions.map((action) => html`<option key=${action} value=${action}>${sentence(action)}</option>`)}
    </select></p>
    <p><label for="audit-since">${t("audit.since")}</label>
    <input id="audit-since" type="date" value=${filters.since ?? ""} onChange=${set("since")} /></p>
    ${filters.actor_id ? html`<span>${t("audit.filtered_actor", { name: nameOf(people, filters.actor_id) })}</span>` : null}
    ${filters.subject_id ? html`<span>${t("audit.filtered_subject", { name: nameOf(people, filters.subject_id) })}</span>` : null}
    ${Object.keys(filters).length ? html`<a href=${PATH}>${t("audit.clear")}</a>` : null}
  </div>`;
}

/** @param {{entry: Entry, filters: Filters}} props */
function One({ entry, filters }) {
  const { people } = useDesk();
  const { actor_id } = entry;
  return html`<tr>
    <td><time datetime=${entry.at}>${fullTime(entry.at)}</time></td>
    <td>
      ${
        actor_id
          ? html`<a href=${addressOf({ ...filters, actor_id })}><bdi>${nameOf(people, actor_id)}</bdi></a>`
          : html`<span class="muted">${t("audit.nobody")}</span>`
      }
    </td>
    <th scope="row">${sentence(entry.action)}</th>
    <td><${Subject} entry=${entry} filters=${filters} /></td>
    <td><bdi>${said(entry.data)}</bdi></td>
    <td>${entry.address}</td>
  </tr>`;
}

/** @param {{entry: Entry, filters: Filters}} props */
function Subject({ entry, filters }) {
  const { people, teams } = useDesk();
  const { subject_type: type, subject_id: id } = entry;
  if (!id) return null;
  const kind = has(`audit.of.${type}`) ? t(`audit.of.${type}`) : type;
  const team = type === "team" ? teams.all.value.find((one) => one.id === id) : null;
  const name = type === "user" ? nameOf(people, id) : (team?.name ?? short(id));
  return html`<a href=${addressOf({ ...filters, subject_id: id })}>${kind} <bdi>${name}</bdi></a>`;
}

/** @param {import("../people.js").People} people @param {string} id */
const nameOf = (people, id) => (ID.test(id) && people.person(id)?.full_name) || short(id);

/** @param {string} id */
const short = (id) => (ID.test(id) ? `${id.slice(0, SHORT)}…` : id);

/** @param {Record<string, any>} data */
const said = (data) =>
  Object.entries(data)
    .map(
      ([name, value]) =>
        `${name}: ${[value]
          .flat()
          .map((one) => short(String(one)))
          .join(", ")}`,
    )
    .join("; ");
