/** The custom fields of the desk, removed ones too: old values have names as well. */

import { computed, signal } from "@preact/signals";
import { get } from "../shared/api.js";

/** @typedef {import("../../client/types.d.ts").Field} Field */
/** @typedef {import("../shared/fields.js").Value} Value */
/** @typedef {import("./types.js").Row} Row */

/** Before the key of a field in the parameters of lists. */
export const PREFIX = "field.";

export class CustomFields {
  all = signal(/** @type {Field[]} */ ([]));
  byKey = computed(() => new Map(this.all.value.map((field) => [field.key, field])));
  /** Those that tickets may be given values of. */
  offered = computed(() => this.all.value.filter(({ removed_at }) => !removed_at));

  async load() {
    this.all.value = (await get("/fields")).data;
  }

  /**
   * What a ticket has, or may be given.
   * @param {Row} row
   */
  of({ category, fields }) {
    return this.all.value.filter(
      (field) =>
        field.key in fields ||
        (!field.removed_at && (field.category === null || field.category === category)),
    );
  }
}

/**
 * The values that a ticket has of a field, as lists ask for them.
 * @param {Row} row
 * @param {string} key
 */
export function wordsOf({ fields }, key) {
  const value = fields[key];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [String(value)];
}
