/** What a view asks for, as a form has it. */

/** @typedef {import("./types.js").Query} Query */
/** @typedef {Record<string, string | string[]>} Fields every field as text; "" asks for nothing */

/** Those that a form takes as they are. */
const TEXTS = ["q", "category", "type", "tag", "priority", "waiting_on", "team"];
export const NOBODY = "nobody";
export const SOMEBODY = "somebody";

/**
 * @param {Query} query
 * @returns {Fields}
 */
export function fieldsOf(query) {
  const texts = TEXTS.map((name) => [name, String(query[name] ?? "")]);
  return {
    ...Object.fromEntries(texts),
    status: several(query.status),
    assignee: assigneeOf(query),
    unread: String(query.unread ?? ""),
    snoozed: String(query.snoozed ?? ""),
    sort: String(query.sort ?? "-created_at"),
  };
}

/**
 * @param {Fields} fields
 * @param {Query} before what no field is about stays as it is
 * @returns {Query}
 */
export function queryOf(fields, before) {
  const { user_id, updated_after } = before;
  const { assignee, status, unread, snoozed, sort } = fields;
  const isSomebodys = assignee === NOBODY || assignee === SOMEBODY;
  /** @type {Query} */
  const query = {
    user_id,
    updated_after,
    status: status?.length ? status : undefined,
    unassigned: isSomebodys ? assignee === NOBODY : undefined,
    assigned_to: isSomebodys ? undefined : String(assignee ?? ""),
    unread: unread ? unread === "true" : undefined,
    snoozed: snoozed ? snoozed === "true" : undefined,
    sort: String(sort),
  };
  for (const name of TEXTS) query[name] = String(fields[name] ?? "").trim();
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== ""),
  );
}

/** @param {Query} query */
function assigneeOf({ unassigned, assigned_to }) {
  if (unassigned === undefined || unassigned === null) return String(assigned_to ?? "");
  return String(unassigned) === "true" ? NOBODY : SOMEBODY;
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
const several = (value) => (Array.isArray(value) ? value : value ? [String(value)] : []);
