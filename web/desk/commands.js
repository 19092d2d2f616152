/** All that a key or the palette can do: the one table that also draws both. */

import { navigate } from "../shared/router.js";
import { signOut } from "../shared/session.js";
import { moveTo, next, openTarget, resolve, targets } from "./moves.js";
import { compose, overlay, searching } from "./overlays.js";
import { addressOf, backToList } from "./place.js";
import { changeableView } from "./saved_views.js";
import { selectFound } from "./select_found.js";

/** @typedef {import("./keys.js").Command} Command */
/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {Omit<Command, "id" | "word">} Rest */

/**
 * @param {string} id its name is the word `desk.do.<id>`
 * @param {Rest} rest
 * @returns {Command}
 */
const command = (id, rest) => ({ id, word: `desk.do.${id}`, ...rest });

/**
 * @param {Desk} desk
 * @param {"why" | "merge" | "remind"} name of what is about one ticket
 */
const showOf = (desk, name) => () => {
  const [ticketId = ""] = targets(desk);
  overlay.value = { name, ticketId };
};

/** @param {import("./overlays.js").Field} field */
const pick = (field) => {
  overlay.value = { name: "palette", field };
};

/**
 * @param {Desk} desk
 * @returns {Command[]}
 */
export function commandsOf(desk) {
  const hasTarget = () => targets(desk).length > 0;
  const isOpen = () => desk.opened.peek() !== null;
  return [
    ...moving(desk, hasTarget, isOpen),
    ...writing(desk, isOpen),
    ...changing(desk, hasTarget),
    ...selecting(desk),
    ...going(desk),
  ];
}

/**
 * @param {Desk} desk
 * @param {() => boolean} hasTarget
 * @param {() => boolean} isOpen
 */
function moving(desk, hasTarget, isOpen) {
  const group = "moving";
  return [
    command("next", { group, keys: ["j", "ArrowDown"], repeats: true, run: () => moveTo(desk, 1) }),
    command("previous", {
      group,
      keys: ["k", "ArrowUp"],
      repeats: true,
      run: () => moveTo(desk, -1),
    }),
    command("open", {
      group,
      keys: ["Enter", "o"],
      when: () => hasTarget() && !isOpen(),
      run: () => openTarget(desk),
    }),
    command("back", { group, keys: ["u", "Escape"], when: isOpen, run: backToList }),
    command("next_open", { group, keys: ["]"], when: isOpen, run: () => next(desk, 1) }),
    command("previous_open", { group, keys: ["["], when: isOpen, run: () => next(desk, -1) }),
  ];
}

/**
 * @param {Desk} desk
 * @param {() => boolean} isOpen
 */
function writing(desk, isOpen) {
  const group = "writing";
  const begin = (/** @type {import("./types.js").Kind} */ kind) => {
    if (!isOpen()) openTarget(desk);
    compose(kind);
  };
  const when = () => targets(desk).length === 1;
  return [
    command("reply", { group, keys: ["r"], when, run: () => begin("reply") }),
    command("note", { group, keys: ["n"], when, run: () => begin("note") }),
  ];
}

/**
 * @param {Desk} desk
 * @param {() => boolean} when
 */
function changing(desk, when) {
  const group = "changing";
  return [
    command("claim", {
      group,
      keys: ["c"],
      when,
      run: () => desk.bulk.make({ assignee: desk.me.id }),
    }),
    command("assignee", { group, keys: ["a"], when, run: () => pick("assignee") }),
    command("status", { group, keys: ["s"], when, run: () => pick("status") }),
    command("priority", { group, keys: ["p"], when, run: () => pick("priority") }),
    command("tags", { group, keys: ["t"], when, run: () => pick("tags") }),
    command("category", { group, keys: ["g c"], when, run: () => pick("category") }),
    command("resolve", { group, keys: ["e"], when, run: () => resolve(desk) }),
    command("resolve_next", { group, keys: ["E"], when, run: () => resolve(desk, true) }),
    command("snooze", {
      group,
      keys: ["b"],
      when,
      run: () => (overlay.value = { name: "snooze" }),
    }),
    command("wake", {
      group,
      keys: ["B"],
      when: () => targets(desk).some((id) => desk.tickets.peek(id)?.snoozed_until),
      run: () => desk.bulk.make({ snooze: null }),
    }),
    command("remind", { group, keys: ["g b"], when, run: showOf(desk, "remind") }),
    command("why", { group, keys: ["g y"], when, run: showOf(desk, "why") }),
    command("merge", { group, keys: ["g t"], when, run: showOf(desk, "merge") }),
    command("unread", { group, keys: ["U"], when, run: () => desk.markUnread(targets(desk)) }),
    command("follow", {
      group,
      keys: ["f"],
      when: () => desk.opened.peek() !== null,
      run: () => desk.opened.peek()?.people.follow(),
    }),
    command("undo", { group, keys: ["z"], run: () => desk.undo() }),
  ];
}

/** @param {Desk} desk */
function selecting(desk) {
  const group = "selecting";
  const at = () => desk.opened.peek()?.id ?? desk.cursor.peek();
  const when = () => at() !== null;
  const extend = (/** @type {number} */ by) => {
    const from = at();
    if (from && !desk.selection.ids.peek().size) desk.selection.toggle(from);
    moveTo(desk, by);
    const to = at();
    if (to) desk.selection.add([to]);
  };
  return [
    command("select", { group, keys: ["x"], when, run: () => desk.selection.toggle(at() ?? "") }),
    command("select_down", { group, keys: ["J"], when, repeats: true, run: () => extend(1) }),
    command("select_up", { group, keys: ["K"], when, repeats: true, run: () => extend(-1) }),
    command("select_all", {
      group,
      keys: ["Ctrl+a"],
      when: () => desk.list.peek() !== null,
      run: () => desk.selection.add(desk.list.peek()?.shown ?? []),
    }),
    command("select_found", {
      group,
      keys: ["g a"],
      when: () => desk.list.peek() !== null,
      run: () => selectFound(desk),
    }),
    command("select_none", {
      group,
      keys: ["Escape"],
      when: () => desk.selection.ids.peek().size > 0,
      run: () => desk.selection.clear(),
    }),
  ];
}

/** @param {Desk} desk */
function going(desk) {
  const group = "going";
  const view = (/** @type {string} */ id, /** @type {string} */ key) =>
    command(`go_${id}`, {
      group,
      keys: [`g ${key}`],
      run: () => navigate(addressOf({ view: id })),
    });
  const show =
    (/** @type {"help" | "notifications" | "settings" | "save_view" | "change_view"} */ name) =>
    () => {
      overlay.value = { name };
    };
  return [
    view("needs_reply", "n"),
    view("mine", "m"),
    view("unassigned", "u"),
    view("open", "o"),
    view("snoozed", "z"),
    view("resolved", "r"),
    view("closed", "d"),
    command("go_notifications", { group, keys: ["g i"], run: show("notifications") }),
    command("go_wall", { group, keys: ["g w"], run: () => navigate("/desk/wall") }),
    command("go_macros", { group, run: () => navigate("/desk/macros") }),
    command("save_view", {
      group,
      keys: ["g v"],
      when: () => desk.list.peek() !== null,
      run: show("save_view"),
    }),
    command("change_view", {
      group,
      when: () => changeableView(desk) !== null,
      run: show("change_view"),
    }),
    command("search", { group, keys: ["/"], run: () => (searching.value += 1) }),
    command("find_by_field", {
      group,
      when: () => desk.fields.offered.peek().length > 0,
      run: () => navigate(addressOf({ q: "" })),
    }),
    command("palette", {
      group,
      keys: ["Ctrl+k"],
      everywhere: true,
      run: () => (overlay.value = { name: "palette" }),
    }),
    command("settings", { group, keys: ["g s"], run: show("settings") }),
    command("help", { group, keys: ["?"], run: show("help") }),
    command("availability", { group, run: () => desk.team.setAvailable(!desk.team.me?.available) }),
    command("sign_out", { group, run: () => desk.drafts.leave().finally(signOut) }),
  ];
}
