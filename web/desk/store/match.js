/** Whether a ticket belongs to a view: what the server's filters ask, of a row in the browser. */

import { ownTeams } from "./own_teams.js";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {import("../types.js").Query} Query */
/** @typedef {(row: Row, value: any, me: string) => boolean} Test */

/** @type {Record<string, Test>} */
const TESTS = {
  status: (row, value) => several(value).includes(row.status),
  category: (row, value) => row.category === value,
  type: (row, value) => row.type === value,
  priority: (row, value) => row.priority === value,
  team: (row, value) => isInTeam(row.team_id, value),
  tag: (row, value) => row.tags.includes(value),
  user_id: (row, value) => row.user_id === value,
  assigned_to: (row, value, me) => row.assigned_to_id === (value === "me" ? me : value),
  unassigned: (row, value) => (row.assigned_to_id === null) === isTrue(value),
  waiting_on: (row, value) => row.waiting_on === value,
  snoozed: (row, value) => (row.snoozed_until !== null) === isTrue(value),
  unread: (row, value) => row.unread > 0 === isTrue(value),
  updated_after: (row, value) => new Date(row.updated_at) > new Date(value),
};
/** Of custom fields there are as many filters as fields. */
const FIELD = "field.";

/**
 * @param {string} name
 * @returns {Test | undefined}
 */
function testOf(name) {
  if (!name.startsWith(FIELD)) return TESTS[name];
  return (row, value) => {
    const has = row.fields[name.slice(FIELD.length)];
    return Array.isArray(has) ? has.includes(value) : has !== undefined && String(has) === value;
  };
}

/** What says how a list is shown, and not what is in it. */
const MANNERS = new Set(["sort", "limit", "cursor", "count"]);

/**
 * @param {string | null} id
 * @param {unknown} value
 */
const isInTeam = (id, value) =>
  value === "mine" ? ownTeams.peek().has(id ?? "") : id === (value === "none" ? null : value);
/** @param {unknown} value */
const several = (value) => (Array.isArray(value) ? value : [value]);
/** @param {unknown} value */
const isTrue = (value) => value === true || value === "true";

/**
 * Whether each filter can be decided here; else the list is as the server last said.
 * @param {Query} query
 */
export const isDecidable = (query) =>
  Object.keys(query).every((name) => testOf(name) || MANNERS.has(name));

/**
 * @param {Query} query
 * @param {string} me
 * @returns {(row: Row) => boolean}
 */
export function matching(query, me) {
  const tests = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([name, value]) => {
      const test = testOf(name);
      return test ? [(/** @type {Row} */ row) => test(row, value, me)] : [];
    });
  return (row) => tests.every((test) => test(row));
}
