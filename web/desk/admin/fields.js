/** Custom fields: what tickets have beyond our own columns. */

import { del, patch, post } from "../../shared/api.js";
import { html, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { Typed } from "../parts/typed.js";
import { refuse } from "../reasons.js";
import { useCreating } from "./creating.js";

/** @typedef {import("../../../client/types.d.ts").Field} Field */
/** @typedef {import("../../../client/types.d.ts").FieldChange} Change */

const KINDS = ["text", "number", "boolean", "date", "choice", "choices", "url"];
const ACCESSES = ["hidden", "read", "write"];
const NEEDS = ["never", "to_open", "to_resolve"];

export function Fields() {
  const { fields } = useDesk();
  const reload = () => fields.load().catch(refuse);
  return html`<ul role="list">
      ${fields.all.value.map((field) => html`<${One} key=${field.id} field=${field} onChange=${reload} />`)}
    </ul>
    ${fields.all.value.length ? null : html`<p class="empty">${t("desk.admin.none")}</p>`}
    <${NewField} onDone=${reload} />`;
}

/** @param {{field: Field, onChange: () => void}} props */
function One({ field, onChange }) {
  const path = `/admin/fields/${field.id}`;
  /** @param {Change} change */
  const set = (change) => patch(path, change).catch(refuse).then(onChange);
  const remove = () => del(path).catch(refuse).then(onChange);
  if (field.removed_at) {
    return html`<li class="card">
      <h2><bdi>${field.label}</bdi> <code>${field.key}</code></h2>
      <p class="muted">${t("desk.fields.removed")}</p>
      <button type="button" onClick=${() => set({ removed: false })}>${t("desk.fields.back")}</button>
    </li>`;
  }
  return html`<li class="card">
    <h2><bdi>${field.label}</bdi> <code>${field.key}</code></h2>
    <p class="muted">
      ${t(`desk.fields.kind.${field.kind}`)}${field.category ? html` · <bdi>${field.category}</bdi>` : null}
    </p>
    <div class="fields">
      <${Text} label=${t("desk.fields.label")} value=${field.label} set=${(/** @type {string} */ label) => set({ label })} />
      <${Choose} what="customers" from=${ACCESSES} value=${field.customers} set=${(/** @type {any} */ customers) => set({ customers })} />
      <${Choose} what="required" from=${NEEDS} value=${field.required} set=${(/** @type {any} */ required) => set({ required })} />
      ${
        field.choices.length
          ? html`<${Text}
              label=${t("desk.fields.choices")}
              value=${inLines(field)}
              isLong
              set=${(/** @type {string} */ text) => set({ choices: choicesIn(text, field) })}
            />`
          : null
      }
    </div>
    <button type="button" onClick=${remove}>${t("desk.webhook.remove")}</button>
  </li>`;
}

/** @param {Field} field */
const inLines = ({ choices }) =>
  choices
    .filter(({ archived }) => !archived)
    .map(({ label }) => label)
    .join("\n");

/**
 * A label a line. One that was there keeps its id, so that tickets keep it.
 * @param {string} text
 * @param {Field} [field]
 */
function choicesIn(text, field) {
  const known = new Map(field?.choices.map((choice) => [choice.label, choice.id]));
  const labels = text.split("\n").map((line) => line.trim());
  return [...new Set(labels.filter(Boolean))].map((label) => ({
    id: known.get(label) ?? label,
    label,
  }));
}

/** @param {{label: string, value: string, isLong?: boolean, set: (text: string) => void}} props */
function Text({ label, value, isLong, set }) {
  const id = useId();
  const kind = isLong ? { tag: "textarea", rows: 4 } : { maxlength: 64 };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <${Typed} id=${id} dir="auto" ...${kind} value=${value} set=${set} />
  </div>`;
}

/** @param {{what: string, from: string[], value: string, set: (value: string) => void}} props */
function Choose({ what, from, value, set }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${t(`desk.fields.${what}`)}</label>
    <select id=${id} value=${value} onChange=${(/** @type {any} */ e) => set(e.currentTarget.value)}>
      <${Options} what=${what} from=${from} value=${value} />
    </select>
  </div>`;
}

/** @param {{what: string, from: string[], value: string}} props */
function Options({ what, from, value }) {
  return from.map(
    (one) => html`<option key=${one} value=${one} selected=${one === value}>
      ${t(`desk.fields.${what}.${one}`)}
    </option>`,
  );
}

/** @param {{onDone: () => void}} props */
function NewField({ onDone }) {
  const [kind, setKind] = useState("text");
  const create = async (/** @type {FormData} */ sent) => {
    const { choices, category, ...given } = Object.fromEntries(sent);
    const listed = choices === undefined ? {} : { choices: choicesIn(String(choices)) };
    await post("/admin/fields", { ...given, ...listed, category: category || null });
    setKind("text");
  };
  const { form, error, submit } = useCreating(create, onDone);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h2>${t("desk.fields.new")}</h2>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    <label for="field-label">${t("desk.fields.label")}</label>
    <input id="field-label" name="label" required maxlength="64" autocomplete="off" />
    <label for="field-key">${t("desk.fields.key")}</label>
    <input id="field-key" name="key" required pattern="[a-z][a-z0-9_]*" maxlength="32" autocomplete="off" />
    <label for="field-kind">${t("desk.fields.kind")}</label>
    <select id="field-kind" name="kind" value=${kind} onChange=${(/** @type {any} */ e) => setKind(e.currentTarget.value)}>
      <${Options} what="kind" from=${KINDS} value=${kind} />
    </select>
    ${
      kind.startsWith("choice")
        ? html`<label for="field-choices">${t("desk.fields.choices")}</label>
          <textarea id="field-choices" name="choices" required rows="4" dir="auto"></textarea>`
        : null
    }
    <label for="field-customers">${t("desk.fields.customers")}</label>
    <select id="field-customers" name="customers"><${Options} what="customers" from=${ACCESSES} value="hidden" /></select>
    <label for="field-required">${t("desk.fields.required")}</label>
    <select id="field-required" name="required"><${Options} what="required" from=${NEEDS} value="never" /></select>
    <label for="field-category">${t("desk.fields.category")}</label>
    <input id="field-category" name="category" maxlength="64" autocomplete="off" />
    <button class="primary">${t("desk.admin.create")}</button>
  </form>`;
}
