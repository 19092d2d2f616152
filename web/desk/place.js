/** Where we are: what an address shows, and the address of what is shown. */

import { effect, untracked } from "@preact/signals";
import { navigate, route } from "../shared/router.js";
import { PREFIX as FIELD } from "./custom_fields.js";
import { FIRST } from "./store/views.js";

/** @typedef {import("./desk.js").Desk} Desk */
/**
 * `fields`: values that are asked of custom fields, by the names of these filters.
 * @typedef {{view: string, sort?: string} | {q: string, fields?: Record<string, string>}
 *   | {customer: string} | {team: string}} ListPlace
 */
/**
 * @typedef {{page: "list", list: ListPlace}
 *   | {page: "ticket", number: number, list: ListPlace}
 *   | {page: "admin", name: string}
 *   | {page: "wall"} | {page: "macros"}} Place
 */

const NUMBER = /^[1-9]\d{0,14}$/;
const PREFIX = "/desk";

/** @param {string} path */
export const isDeskPath = (path) => path === PREFIX || path.startsWith(`${PREFIX}/`);

/** @type {ListPlace} */
let lastList = { view: FIRST };

/**
 * @param {import("../shared/router.js").Route} at
 * @returns {Place}
 */
export function placeOf({ path, params, state }) {
  const [first = "", second = ""] = path.slice(PREFIX.length + 1).split("/");
  if (first === "tickets" && NUMBER.test(second)) {
    return { page: "ticket", number: Number(second), list: state?.list ?? lastList };
  }
  if (first === "wall" || first === "macros") return { page: first };
  if (first === "admin") return { page: "admin", name: second || "users" };
  if (first === "search") {
    const asked = [...params].filter(([name]) => name.startsWith(FIELD));
    const fields = asked.length ? { fields: Object.fromEntries(asked) } : {};
    return { page: "list", list: { q: params.get("q") ?? "", ...fields } };
  }
  if (first === "teams" && second) return { page: "list", list: { team: second } };
  if (first === "customers" && second) return { page: "list", list: { customer: second } };
  const sort = params.get("sort");
  const view = first && first !== "tickets" ? decodeURIComponent(first) : FIRST;
  return { page: "list", list: { view, ...(sort && { sort }) } };
}

/** @param {ListPlace} list */
export function addressOf(list) {
  if ("q" in list) {
    return `${PREFIX}/search?${new URLSearchParams({ q: list.q, ...list.fields })}`;
  }
  if ("team" in list) return `${PREFIX}/teams/${list.team}`;
  if ("customer" in list) return `${PREFIX}/customers/${list.customer}`;
  const query = list.sort ? `?sort=${encodeURIComponent(list.sort)}` : "";
  return `${PREFIX}/${encodeURIComponent(list.view)}${query}`;
}

/** @param {number} number */
export const ticketAddress = (number) => `${PREFIX}/tickets/${number}`;

/** @param {number} number */
export function openTicket(number) {
  const { list } = currentList();
  const isTicket = placeOf(route.peek()).page === "ticket";
  // From ticket to ticket: one step back leads to the list.
  navigate(ticketAddress(number), { state: { list }, replace: isTicket });
}

/** The list beside what is open. */
export function currentList() {
  const place = placeOf(route.value);
  return { list: "list" in place ? place.list : lastList };
}

export const backToList = () => navigate(addressOf(currentList().list));

/**
 * Makes the desk show what the address says, from now on.
 * @param {Desk} desk
 * @returns {() => void} what ends it
 */
export function follow(desk) {
  return effect(() => {
    const place = placeOf(route.value);
    const known = desk.views.byId.value;
    untracked(() => {
      if ("list" in place) {
        lastList = place.list;
        showList(desk, place.list, known.size > 0);
      }
      if (place.page === "ticket") desk.open(place.number);
      else desk.close();
    });
  });
}

/** What a team has to do, or those that the person is in. @param {string} team */
const ofTeam = (team) => ({
  team,
  status: ["open", "in_progress"],
  snoozed: false,
  sort: "-updated_at",
});

/**
 * @param {Desk} desk
 * @param {ListPlace} place
 * @param {boolean} areViewsKnown
 */
function showList(desk, place, areViewsKnown) {
  const before = desk.list.peek();
  if ("q" in place) {
    const query = { ...(place.q.trim() && { q: place.q }), ...place.fields };
    desk.list.value = Object.keys(query).length ? desk.views.found(query) : null;
  } else if ("customer" in place) desk.list.value = desk.views.found({ user_id: place.customer });
  else if ("team" in place) desk.list.value = desk.views.found(ofTeam(place.team));
  else if (areViewsKnown) desk.list.value = desk.views.list(place.view, place.sort);
  if (before === desk.list.peek()) return;
  before?.thaw();
  desk.selection.clear();
}
