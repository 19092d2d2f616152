/** Teams: who is in them, and how their tickets are shared out. */

import { del, post } from "../../shared/api.js";
import { html, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Typed } from "../parts/typed.js";
import { refuse } from "../reasons.js";
import { wordOf } from "../sayings.js";
import { changeRow } from "./changing.js";
import { useCreating } from "./creating.js";
import { Fairness } from "./fairness.js";
import { Below } from "./list.js";
import { usePages } from "./pages.js";

/** @typedef {import("../../../client/types.d.ts").Team} TeamOf */

const STRATEGIES = ["", "round_robin", "least_loaded", "random"];

export function Teams() {
  const { teams } = useDesk();
  const pages = usePages("/admin/teams", { limit: 50 });
  const reload = () => {
    pages.reload();
    teams.load().catch(() => {});
  };
  return html`<ul role="list" class="teams">
      ${pages.rows.map(
        (team) =>
          html`<${One} key=${team.id} team=${team} onChange=${pages.replace} onGone=${reload} />`,
      )}
    </ul>
    <${Below} pages=${pages} />
    <${NewTeam} onDone=${reload} />`;
}

/** @param {{team: TeamOf, onChange: (team: TeamOf) => void, onGone: () => void}} props */
function One({ team, onChange, onGone }) {
  const desk = useDesk();
  const [isOpen, setOpen] = useState(false);
  const [isSure, setSure] = useState(false);
  const path = `/admin/teams/${team.id}`;
  /** @param {import("../../../client/types.d.ts").TeamChange} change */
  const set = async (change) => {
    const isMade = await changeRow(path, change, team, onChange);
    if (isMade) desk.teams.load().catch(() => {});
    return isMade;
  };
  const remove = () => (isSure ? del(path).then(onGone, refuse) : setSure(true));
  return html`<li class="card">
    <h2><bdi>${team.name}</bdi></h2>
    ${team.description ? html`<p class="muted"><bdi>${team.description}</bdi></p>` : null}
    <div class="field">
      <label for=${`strategy-${team.id}`}>${t("desk.team.strategy")}</label>
      <select
        id=${`strategy-${team.id}`}
        value=${team.strategy ?? ""}
        onChange=${(/** @type {any} */ event) => set({ strategy: event.currentTarget.value || null })}
      >
        <${Strategies} />
      </select>
    </div>
    <div class="field">
      <label for=${`minutes-${team.id}`}>${t("desk.team.minutes")}</label>
      <${Typed}
        id=${`minutes-${team.id}`}
        type="number"
        min="1"
        max="40320"
        value=${String(team.answer_within_minutes ?? "")}
        set=${(/** @type {string} */ text) => set({ answer_within_minutes: Number(text) || null })}
      />
    </div>
    <fieldset>
      <legend>${t("desk.team.members")}</legend>
      ${desk.team.sorted.value.map(
        ({ user_id: id, full_name }) => html`<label key=${id} class="check">
          <input
            type="checkbox"
            checked=${team.members.includes(id)}
            onChange=${() => set({ members: toggled(team.members, id) })}
          />
          <bdi>${full_name}</bdi>
        </label>`,
      )}
    </fieldset>
    <p class="message-actions">
      <button type="button" aria-expanded=${String(isOpen)} onClick=${() => setOpen(!isOpen)}>
        ${t("desk.team.fairness")}
      </button>
      <button type="button" onClick=${remove}>
        ${t(isSure ? "desk.team.sure" : "desk.team.remove")}
      </button>
    </p>
    ${isOpen ? html`<${Fairness} path=${path} />` : null}
  </li>`;
}

const Strategies = () =>
  STRATEGIES.map(
    (one) => html`<option key=${one} value=${one}>
      ${one ? wordOf("strategy", one) : t("desk.team.desks_strategy")}
    </option>`,
  );

/**
 * @param {string[]} members
 * @param {string} id
 */
const toggled = (members, id) =>
  members.includes(id) ? members.filter((other) => other !== id) : [...members, id];

/** @param {{onDone: () => void}} props */
function NewTeam({ onDone }) {
  const create = (/** @type {FormData} */ given) => post("/admin/teams", Object.fromEntries(given));
  const { form, error, submit } = useCreating(create, onDone);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h2>${t("desk.team.new")}</h2>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <label for="team-name">${t("desk.admin.name")}</label>
    <input id="team-name" name="name" required maxlength="64" autocomplete="off" />
    <label for="team-description">${t("desk.team.description")}</label>
    <input id="team-description" name="description" maxlength="500" autocomplete="off" />
    <button class="primary">${t("desk.admin.create")}</button>
  </form>`;
}
