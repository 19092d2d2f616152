/** Above what is found: the value that is asked of a custom field. */

import { navigate } from "../../shared/router.js";
import { html, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { PREFIX } from "../custom_fields.js";
import { useDesk } from "../desk.js";
import { addressOf } from "../place.js";
import { Typed } from "./typed.js";

/** @typedef {import("../custom_fields.js").Field} Field */
/** @typedef {{q: string, fields?: Record<string, string>}} Search */

/** @param {{list: Search}} props */
export function FieldFilter({ list }) {
  const { all, byKey } = useDesk().fields;
  const id = useId();
  const [[name, value] = ["", ""]] = Object.entries(list.fields ?? {});
  const asked = name.slice(PREFIX.length);
  const [chosen, setChosen] = useState(/** @type {string | null} */ (null));
  const field = byKey.value.get(chosen ?? asked);
  /** @param {string} key */
  const choose = (key) => {
    setChosen(key);
    if (!key && asked) navigate(addressOf({ q: list.q }), { replace: true });
  };
  /** @param {string} text */
  const find = (text) => {
    if (!field || !text) return;
    setChosen(null);
    navigate(addressOf({ q: list.q, fields: { [PREFIX + field.key]: text } }), { replace: true });
  };
  return html`<form class="field-filter" onSubmit=${(/** @type {Event} */ e) => e.preventDefault()}>
    <label class="visually-hidden" for=${id}>${t("desk.do.find_by_field")}</label>
    <select id=${id} value=${field?.key ?? ""} onChange=${(/** @type {any} */ e) => choose(e.currentTarget.value)}>
      <option value="" selected=${!field}>${t("desk.fields.any")}</option>
      ${all.value.map(
        ({ key, label }) =>
          html`<option key=${key} value=${key} selected=${key === field?.key}>${label}</option>`,
      )}
    </select>
    ${field ? html`<${Wanted} key=${field.key} field=${field} value=${field.key === asked ? value : ""} find=${find} />` : null}
  </form>`;
}

/** @param {{field: Field, value: string, find: (text: string) => void}} props */
function Wanted({ field, value, find }) {
  const label = t("desk.fields.value");
  const options =
    field.kind === "boolean"
      ? ["true", "false"].map((id) => ({ id, label: t(`field.${id}`) }))
      : field.choices;
  if (!options.length) {
    const type = field.kind === "date" ? "date" : "text";
    return html`<${Typed}
      type=${type}
      dir="auto"
      maxlength="200"
      aria-label=${label}
      value=${value}
      set=${(/** @type {string} */ text) => find(text.trim())}
    />`;
  }
  return html`<select aria-label=${label} value=${value} onChange=${(/** @type {any} */ e) => find(e.currentTarget.value)}>
    <option value="" selected=${!value}></option>
    ${options.map(
      (one) =>
        html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.label}</option>`,
    )}
  </select>`;
}
