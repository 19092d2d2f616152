/** Accounts: who they are, what they may, and whether they may sign in. */

import { post } from "../../shared/api.js";
import { html, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { Typed } from "../parts/typed.js";
import { listOf } from "../skills.js";
import { changeRow } from "./changing.js";
import { useCreating } from "./creating.js";
import { TakeAwayFactors } from "./factors.js";
import { Below } from "./list.js";
import { usePages } from "./pages.js";
import { PersonalData } from "./personal_data.js";

/** @typedef {import("../../../client/types.d.ts").User} User */

const ROLES = /** @type {const} */ (["user", "csr", "admin"]);
const PAUSE = 200;

export function Users() {
  const [q, setQ] = useState("");
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  const [isVisitor, setVisitor] = useState(false);
  const params = { limit: 50, ...(q && { q }), ...(isVisitor && { is_visitor: true }) };
  const pages = usePages("/admin/users", params);
  /** @param {{currentTarget: HTMLInputElement}} event */
  const onInput = ({ currentTarget }) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQ(currentTarget.value.trim()), PAUSE);
  };
  return html`<p>
      <label for="find-users">${t("desk.admin.find")}</label>
      <input id="find-users" type="text" maxlength="200" autocomplete="off" onInput=${onInput} />${" "}
      <label>
        <input type="checkbox" checked=${isVisitor} onChange=${() => setVisitor(!isVisitor)} />${" "}
        ${t("desk.admin.visitors")}
      </label>
    </p>
    <div class="table">
      <table>
        <thead>
          <tr>
            ${["name", "email", "role", "capacity", "skills", "active", "factors", "data"].map(
              (column) => html`<th key=${column} scope="col">${t(`desk.admin.${column}`)}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${pages.rows.map((user) => html`<${One} key=${user.id} user=${user} onChange=${pages.replace} />`)}
        </tbody>
      </table>
    </div>
    <${Below} pages=${pages} />
    <${NewUser} onDone=${pages.reload} />`;
}

/** @param {{user: User, onChange: (user: User) => void}} props */
function One({ user, onChange }) {
  /** @param {import("../../../client/types.d.ts").UserChange} change */
  const set = (change) => changeRow(`/admin/users/${user.id}`, change, user, onChange);
  const { full_name: name } = user;
  return html`<tr>
    <th scope="row"><bdi>${name}</bdi></th>
    <td>${user.email}</td>
    <td>
      <select
        aria-label=${`${t("desk.admin.role")}: ${name}`}
        value=${user.role}
        onChange=${(/** @type {any} */ event) => set({ role: event.currentTarget.value })}
      >
        ${ROLES.map((role) => html`<option key=${role} value=${role}>${t(`desk.role.${role}`)}</option>`)}
      </select>
    </td>
    <td>
      <${Typed}
        type="number"
        min="0"
        max="1000"
        aria-label=${`${t("desk.admin.capacity")}: ${name}`}
        value=${String(user.capacity)}
        set=${(/** @type {string} */ text) => set({ capacity: Number(text) })}
      />
    </td>
    <td>
      ${
        user.role === "user"
          ? null
          : html`<${Typed}
            type="text"
            placeholder=${t("desk.skills.hint")}
            aria-label=${`${t("desk.admin.skills")}: ${name}`}
            value=${user.skills.join(", ")}
            set=${(/** @type {string} */ text) => set({ skills: listOf(text) })}
          />`
      }
    </td>
    <td>
      <input
        type="checkbox"
        aria-label=${`${t("desk.admin.active")}: ${name}`}
        checked=${user.is_active}
        onChange=${() => set({ is_active: !user.is_active })}
      />
    </td>
    <td><${TakeAwayFactors} user=${user} /></td>
    <td><${PersonalData} user=${user} onChange=${onChange} /></td>
  </tr>`;
}

/** @param {{onDone: () => void}} props */
function NewUser({ onDone }) {
  const create = (/** @type {FormData} */ given) => post("/admin/users", Object.fromEntries(given));
  const { form, error, submit } = useCreating(create, onDone);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h2>${t("desk.admin.new_user")}</h2>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <label for="new-name">${t("desk.admin.name")}</label>
    <input id="new-name" name="full_name" required autocomplete="off" />
    <label for="new-email">${t("desk.admin.email")}</label>
    <input id="new-email" name="email" type="email" required autocomplete="off" />
    <label for="new-role">${t("desk.admin.role")}</label>
    <select id="new-role" name="role">
      ${ROLES.map((role) => html`<option key=${role} value=${role} selected=${role === "csr"}>${t(`desk.role.${role}`)}</option>`)}
    </select>
    <label for="new-password">${t("desk.admin.password")}</label>
    <input id="new-password" name="password" type="password" required autocomplete="new-password" />
    <button class="primary">${t("desk.admin.create")}</button>
  </form>`;
}
