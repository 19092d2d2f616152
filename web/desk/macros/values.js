/** What a macro's form holds, and the macro that it makes. */

import { listOf } from "../skills.js";

/** @typedef {import("./macros.js").Macro} Macro */
/** @typedef {import("../../../client/types.d.ts").NewMacro} NewMacro */
/** @typedef {import("../../../client/types.d.ts").Actions} Actions */

/** In a choice: the ticket's value stays as it is, or it is cleared. */
export const LEAVE = "";
export const CLEAR = "none";

const HOUR = 60;
const DAY = 24 * HOUR;
/** For how long a macro may let its ticket sleep. */
export const MINUTES = [HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY];

/**
 * @param {string | null | undefined} value
 * @returns {string}
 */
export const chosenOf = (value) => (value === undefined ? LEAVE : (value ?? CLEAR));

/** Whose a macro is, in one word. @param {Pick<Macro, "scope" | "team_id">} macro */
export const holderOf = ({ scope, team_id }) => team_id ?? scope;

/**
 * @param {FormData} given
 * @param {Actions["fields"]} fields of custom fields, which are in no input
 * @returns {NewMacro}
 */
export function macroOf(given, fields) {
  const text = (/** @type {string} */ name) => String(given.get(name) ?? "").trim();
  const content = text("content");
  const holder = text("holder");
  const isTeams = holder !== "own" && holder !== "everyone";
  return {
    name: text("name"),
    scope: isTeams ? "team" : holder,
    team_id: isTeams ? holder : null,
    message: content ? { content, internal: given.has("internal") } : null,
    set: actionsOf(text, fields),
  };
}

/**
 * @param {(name: string) => string} text
 * @param {Actions["fields"]} fields
 */
function actionsOf(text, fields = {}) {
  /** @type {Record<string, unknown>} */
  const set = {};
  for (const name of ["status", "priority", "category", "team_id", "assignee"]) {
    const value = text(name);
    if (value !== LEAVE) set[name] = value === CLEAR && name !== "category" ? null : value;
  }
  for (const name of ["tags_add", "tags_remove", "required_skills"]) {
    const values = listOf(text(name));
    if (values.length) set[name] = values;
  }
  if (text("snooze") !== LEAVE) set.snooze = { minutes: Number(text("snooze")) };
  if (Object.keys(fields).length) set.fields = fields;
  return /** @type {Actions} */ (set);
}
