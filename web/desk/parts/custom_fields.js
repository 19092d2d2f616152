/** The custom fields of a ticket. Each shows at once, and is taken back if the server refuses it. */

import { valueWord } from "../../shared/fields.js";
import { html, Icon, useId } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { PREFIX, wordsOf } from "../custom_fields.js";
import { useDesk } from "../desk.js";
import { addressOf } from "../place.js";
import { Typed } from "./typed.js";

/** @typedef {import("../custom_fields.js").Field} Field */
/** @typedef {import("../custom_fields.js").Value} Value */
/** @typedef {import("../types.js").Row} Row */
/** @typedef {{id: string, field: Field, value: Value | undefined, set: (value: Value | null) => void}} One */

const TYPES = { number: "number", date: "date", url: "url" };

/** @param {{row: Row}} props */
export function CustomFields({ row }) {
  const fields = useDesk().fields.of(row);
  if (!fields.length) return null;
  return html`<details class="custom-fields" open=${Object.keys(row.fields).length > 0}>
    <summary>${t("desk.fields")}</summary>
    <div class="fields">
      ${fields.map((field) => html`<${CustomField} key=${field.key} row=${row} field=${field} />`)}
    </div>
  </details>`;
}

/** @param {{row: Row, field: Field}} props */
function CustomField({ row, field }) {
  const desk = useDesk();
  const id = useId();
  const value = row.fields[field.key];
  /** @param {Value | null} to */
  const set = (to) => desk.changes.make(row.id, { values: { [field.key]: to } });
  const words = wordsOf(row, field.key);
  return html`<div class="field custom-field">
    ${
      field.kind === "choices" || field.removed_at
        ? html`<span class="field-name" id=${id}><bdi>${field.label}</bdi></span>`
        : html`<label for=${id}><bdi>${field.label}</bdi></label>`
    }
    <span class="field-value">
      ${
        field.removed_at
          ? html`<bdi>${valueWord(field, value)}</bdi>`
          : html`<${Control} id=${id} field=${field} value=${value} set=${set} />`
      }
      ${
        words.length
          ? html`<a
            class="quiet"
            href=${addressOf({ q: "", fields: { [PREFIX + field.key]: words[0] ?? "" } })}
            aria-label=${t("desk.fields.like", { label: field.label, value: valueWord(field, value) })}
          >
            <${Icon} name="search" />
          </a>`
          : null
      }
    </span>
  </div>`;
}

/** @param {One} props */
export function Control({ id, field, value, set }) {
  switch (field.kind) {
    case "boolean":
      return html`<${Choice}
        id=${id}
        value=${value === undefined ? "" : String(value)}
        options=${["true", "false"].map((one) => ({ value: one, label: t(`field.${one}`) }))}
        set=${(/** @type {string} */ one) => set(one ? one === "true" : null)}
      />`;
    case "choice":
      return html`<${Choice}
        id=${id}
        value=${String(value ?? "")}
        options=${chosenFrom(field, value).map((one) => ({ value: one.id, label: one.label }))}
        set=${(/** @type {string} */ one) => set(one || null)}
      />`;
    case "choices":
      return html`<${Choices} id=${id} field=${field} value=${value} set=${set} />`;
    default:
      return html`<${Text} id=${id} field=${field} value=${value} set=${set} />`;
  }
}

/**
 * @param {Field} field
 * @param {Value | undefined} value
 */
function chosenFrom({ choices }, value) {
  const has = Array.isArray(value) ? value : [value];
  return choices.filter(({ id, archived }) => !archived || has.includes(id));
}

/** @param {{id: string, value: string, options: {value: string, label: string}[], set: (value: string) => void}} props */
function Choice({ id, value, options, set }) {
  return html`<select
    id=${id}
    value=${value}
    onChange=${(/** @type {any} */ event) => set(event.currentTarget.value)}
  >
    <option value="" selected=${!value}></option>
    ${options.map(
      (one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>
        ${one.label}
      </option>`,
    )}
  </select>`;
}

/** @param {One} props */
function Choices({ id, field, value, set }) {
  const has = Array.isArray(value) ? value : [];
  /** @param {string} one */
  const toggle = (one) => {
    const next = has.includes(one) ? has.filter((other) => other !== one) : [...has, one];
    set(next.length ? next : null);
  };
  return html`<span role="group" aria-labelledby=${id}>
    ${chosenFrom(field, value).map(
      (one) => html`<label key=${one.id} class="check">
        <input type="checkbox" checked=${has.includes(one.id)} onChange=${() => toggle(one.id)} />
        ${" "}<bdi>${one.label}</bdi>
      </label>`,
    )}
  </span>`;
}

/** @param {One} props */
function Text({ id, field, value, set }) {
  const put = (/** @type {string} */ typed) => {
    const text = typed.trim();
    if (!text) return set(null);
    return set(field.kind === "number" ? Number(text) : text);
  };
  return html`<${Typed}
    id=${id}
    type=${TYPES[/** @type {keyof typeof TYPES} */ (field.kind)] ?? "text"}
    step="any"
    dir="auto"
    maxlength="2000"
    value=${value === undefined ? "" : String(value)}
    set=${put}
  />`;
}
