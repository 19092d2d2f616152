/** What a macro does, and that one was used, in words. */

import { valueWord } from "../../shared/fields.js";
import { fullTime } from "../../shared/time.js";
import { locale, t } from "../../shared/words.js";
import { priorityWord, statusWord } from "../sayings.js";
import { macrosOf } from "./macros.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("./macros.js").Macro} Macro */
/** @typedef {import("../../../client/types.d.ts").Actions} Actions */

/** @param {Macro} macro */
export const actionsOf = (macro) => /** @type {Actions} */ (macro.set);

/**
 * Each thing that it does.
 * @param {Desk} desk
 * @param {Macro} macro
 * @returns {string}
 */
export function actionWords(desk, macro) {
  const actions = actionsOf(macro);
  const said = [];
  if (actions.status) said.push(statusWord(actions.status));
  if (actions.priority !== undefined) {
    said.push(
      t("desk.macro.set", { what: t("desk.field.priority"), to: priorityWord(actions.priority) }),
    );
  }
  if (actions.category) {
    said.push(t("desk.macro.set", { what: t("desk.field.category"), to: actions.category }));
  }
  said.push(...(actions.tags_add ?? []).map((tag) => `+ ${tag}`));
  said.push(...(actions.tags_remove ?? []).map((tag) => `− ${tag}`));
  if (actions.team_id !== undefined) {
    const to = desk.teams.name(actions.team_id, t("desk.no_team"));
    said.push(t("desk.macro.set", { what: t("desk.field.team"), to }));
  }
  if (actions.assignee !== undefined) {
    said.push(
      t("desk.macro.set", {
        what: t("desk.field.assignee"),
        to: assigneeWord(desk, actions.assignee),
      }),
    );
  }
  if (actions.required_skills) {
    const to = actions.required_skills.join(", ") || t("desk.priority.none");
    said.push(t("desk.macro.set", { what: t("desk.field.skills"), to }));
  }
  for (const [key, value] of Object.entries(actions.fields ?? {})) {
    const field = desk.fields.byKey.value.get(key);
    said.push(t("desk.macro.set", { what: field?.label ?? key, to: valueWord(field, value) }));
  }
  const { minutes, until } = actions.snooze ?? {};
  if (minutes) said.push(t("desk.macro.snoozes", { time: timeWord(minutes) }));
  if (until) said.push(t("desk.macro.snoozes_until", { until: fullTime(until) }));
  return said.join(" · ");
}

/** How long that is: "3 days". @param {number} minutes */
export function timeWord(minutes) {
  const [unit, size] = [
    /** @type {const} */ (["day", 1440]),
    /** @type {const} */ (["hour", 60]),
  ].find(([, one]) => minutes % one === 0) ?? ["minute", 1];
  const style = /** @type {const} */ ({ style: "unit", unit, unitDisplay: "long" });
  return new Intl.NumberFormat(locale, style).format(minutes / size);
}

/**
 * @param {Desk} desk
 * @param {string | null} id
 */
function assigneeWord(desk, id) {
  if (id === null) return t("desk.nobody");
  return id === "me" ? t("desk.macro.me") : desk.people.name(id);
}

/**
 * That an event was written with others, by what; "" of any other.
 * @param {Desk} desk
 * @param {import("../types.js").Event} event
 */
export function causeWord(desk, event) {
  const { cause } = event.data;
  if (cause?.type === "undo") return t("desk.cause.undo");
  if (cause?.type !== "macro") return "";
  const macros = macrosOf(desk);
  macros.need();
  const name = macros.byId.value.get(cause.id)?.name;
  return name ? t("desk.cause.macro_named", { name }) : t("desk.cause.macro");
}
