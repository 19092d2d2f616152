/** Going through the list by keys, and what a command is about. */

import { t } from "../shared/words.js";
import { freezeForKey } from "./freeze.js";
import { say } from "./notices.js";
import { backToList, openTicket } from "./place.js";
import { settings } from "./settings.js";

/** @typedef {import("./desk.js").Desk} Desk */

/**
 * The tickets that a command is about: the selected ones, else the open one, else the one at the
 * cursor.
 * @param {Desk} desk
 */
export function targets(desk) {
  const selected = [...desk.selection.ids.peek()];
  if (selected.length) return selected;
  const one = desk.opened.peek()?.id ?? desk.cursor.peek();
  return one && desk.tickets.peek(one) ? [one] : [];
}

/**
 * The ticket so many rows on from the open one or the cursor.
 * @param {Desk} desk
 * @param {number} by
 */
export function neighbour(desk, by) {
  const shown = desk.list.peek()?.shown ?? [];
  const from = shown.indexOf(desk.opened.peek()?.id ?? desk.cursor.peek() ?? "");
  if (from < 0) return shown[0] ?? null;
  return shown[from + by] ?? null;
}

/**
 * Moves the cursor; where a ticket is open, the next one opens.
 * @param {Desk} desk
 * @param {number} by
 */
export function moveTo(desk, by) {
  freezeForKey(desk.list.peek());
  const id = neighbour(desk, by);
  if (!id) return;
  desk.cursor.value = id;
  if (desk.opened.peek()) open(desk, id);
  else desk.ahead.want(id);
}

/**
 * @param {Desk} desk
 * @param {number} by
 */
export function next(desk, by) {
  const id = neighbour(desk, by);
  if (id) open(desk, id);
}

/** @param {Desk} desk */
export function openTarget(desk) {
  const [id] = targets(desk);
  if (id) open(desk, id);
}

/**
 * @param {Desk} desk
 * @param {string} id
 */
function open(desk, id) {
  const row = desk.tickets.peek(id);
  if (row) openTicket(row.number);
}

/**
 * Resolves, and goes on to the next one if the person wants that.
 * @param {Desk} desk
 * @param {boolean} [goesOn]
 */
export function resolve(desk, goesOn = settings.peek().goesOn) {
  const ids = targets(desk);
  if (desk.bulk.isLarge(ids)) {
    desk.bulk.make({ fields: { status: "resolved" } }, ids);
    return;
  }
  const following = neighbour(desk, 1) ?? neighbour(desk, -1);
  const isOpen = desk.opened.peek() !== null;
  if (!isOpen && following) desk.cursor.value = following;
  desk.bulk.make({ fields: { status: "resolved" } }, ids);
  say(t("desk.resolved", { count: ids.length }), {
    action: { label: t("desk.undo"), run: () => desk.undo() },
  });
  if (!goesOn || !isOpen) return;
  if (following) open(desk, following);
  else backToList();
}

/**
 * Lets them sleep; in the list the cursor goes on.
 * @param {Desk} desk
 * @param {import("../../client/types.d.ts").Snooze} sent
 */
export function snooze(desk, sent) {
  const ids = targets(desk);
  if (!desk.bulk.isLarge(ids)) {
    const following = neighbour(desk, 1) ?? neighbour(desk, -1);
    if (!desk.opened.peek() && following) desk.cursor.value = following;
    say(t("desk.snoozed", { count: ids.length }), {
      action: { label: t("desk.undo"), run: () => desk.undo() },
    });
  }
  return desk.bulk.make({ snooze: sent }, ids);
}
