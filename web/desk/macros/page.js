/** The page of macros: one's own, those of one's teams, and everyone's. */

import { del, patch, post } from "../../shared/api.js";
import { html, useEffect, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Remove } from "../parts/form_fields.js";
import { refuse } from "../reasons.js";
import { MacroForm } from "./form.js";
import { macrosOf } from "./macros.js";
import { actionWords } from "./sayings.js";

/** @typedef {import("./macros.js").Macro} Macro */

export function MacroPage() {
  const macros = macrosOf(useDesk());
  const [state, setState] = useState(/** @type {"loading" | "ready" | "failed"} */ ("loading"));
  const [isNew, setNew] = useState(false);
  const load = () =>
    macros.load().then(
      () => setState("ready"),
      () => setState("failed"),
    );
  useEffect(() => void load(), []);
  const create = async (/** @type {unknown} */ sent) => {
    await post("/csr/macros", sent);
    await load();
  };
  const all = macros.all.value;
  return html`<div class="admin">
    <h1>${t("desk.macros.title")}</h1>
    <p class="muted">${t("desk.macros.hint")}</p>
    ${
      isNew
        ? html`<section class="card" aria-label=${t("desk.macro.new")}>
          <h2>${t("desk.macro.new")}</h2>
          <${MacroForm} macro=${null} save=${create} onDone=${() => setNew(false)} />
        </section>`
        : html`<p><button type="button" class="primary" onClick=${() => setNew(true)}>${t("desk.macro.new")}</button></p>`
    }
    ${state === "loading" && !all.length ? html`<p role="status">${t("loading")}</p>` : null}
    ${
      state === "failed"
        ? html`<div role="alert" class="empty">
          <p>${t("desk.list.failed")}</p>
          <button type="button" onClick=${load}>${t("desk.try_again")}</button>
        </div>`
        : null
    }
    <ul role="list" class="teams">
      ${macros.sorted.value.map((macro) => html`<${One} key=${macro.id} macro=${macro} onChange=${load} />`)}
    </ul>
    ${state === "ready" && !all.length ? html`<p class="empty">${t("desk.admin.none")}</p>` : null}
  </div>`;
}

/** @param {{macro: Macro, onChange: () => Promise<void>}} props */
function One({ macro, onChange }) {
  const desk = useDesk();
  const [isOpen, setOpen] = useState(false);
  const path = `/csr/macros/${macro.id}`;
  const save = async (/** @type {unknown} */ sent) => {
    await patch(path, sent);
    await onChange();
  };
  const remove = () => del(path).catch(refuse).then(onChange);
  const whose = macro.team_id
    ? desk.teams.name(macro.team_id, "")
    : t(`desk.macro.scope.${macro.scope}`);
  return html`<li class="card">
    <h2><bdi>${macro.name}</bdi></h2>
    <p class="muted">
      <bdi>${whose}</bdi> · ${t("desk.macro.uses", { count: macro.uses })}
      ${macro.message?.internal ? html` · ${t("desk.note")}` : null}
    </p>
    ${
      isOpen
        ? html`<${MacroForm} macro=${macro} save=${save} onDone=${() => setOpen(false)} />`
        : html`${macro.message ? html`<p class="text" dir="auto">${macro.message.content}</p>` : null}
          <p><bdi>${actionWords(desk, macro)}</bdi></p>
          ${
            macro.editable
              ? html`<p class="message-actions">
                <button type="button" onClick=${() => setOpen(true)}>${t("desk.macro.change")}</button>
                <${Remove} onClick=${remove} />
              </p>`
              : null
          }`
    }
  </li>`;
}
