// @ts-check
/** Custom fields' values in words. */
import { t } from "./words.js";

/** @typedef {import("../../client/types.d.ts").Field} Field */
/** @typedef {string | number | boolean | string[]} Value */

/**
 * @param {Field | undefined} field undefined: nobody knows it here
 * @param {Value | null | undefined} value
 */
export function valueWord(field, value) {
  if (value === null || value === undefined) return t("field.none");
  if (typeof value === "boolean") return t(`field.${value}`);
  const labels = new Map(field?.choices.map(({ id, label }) => [id, label]));
  const values = Array.isArray(value) ? value : [String(value)];
  return values.map((one) => labels.get(one) ?? one).join(", ");
}

/**
 * One change after the other, in words.
 * @param {Record<string, unknown>} changes by the fields' keys
 * @param {Map<string, Field>} fields
 */
export function changesOf(changes, fields) {
  return Object.entries(changes).flatMap(([key, change]) => {
    // What else an event may carry is no change.
    if (typeof change !== "object" || change === null || !("to" in change)) return [];
    const { from, to } = /** @type {{from?: Value | null, to: Value | null}} */ (change);
    const field = fields.get(key);
    return { label: field?.label ?? key, from: valueWord(field, from), to: valueWord(field, to) };
  });
}
