/** What the palette offers: commands, tickets, customers; or the values of one field. */

import { get } from "../shared/api.js";
import { navigate } from "../shared/router.js";
import { t } from "../shared/words.js";
import { commandsOf } from "./commands.js";
import { openTicket } from "./place.js";
import { priorityWord, statusWord } from "./sayings.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {{id: string, label: string, hint?: string, keys?: string[], run: () => unknown}} Choice */
/** @typedef {import("./overlays.js").Field} Field */

const STATUSES = /** @type {const} */ (["open", "in_progress", "resolved", "closed"]);
const PRIORITIES = /** @type {const} */ (["urgent", "high", "medium", "low", null]);
const MOST = 8;

/**
 * Each word of what is typed begins a word of the label.
 * @param {Choice[]} choices
 * @param {string} typed
 */
export function fitting(choices, typed) {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return choices.filter(({ label }) => {
    const words = label.toLowerCase().split(/[\s–-]+/);
    return wanted.every((part) => words.some((word) => word.startsWith(part)));
  });
}

/**
 * @param {Desk} desk
 * @returns {Choice[]}
 */
export function commandChoices(desk) {
  const possible = commandsOf(desk).filter(
    ({ id, when }) => id !== "palette" && (when?.() ?? true),
  );
  const commands = possible.map(({ id, word, keys, run }) => ({
    id: `command ${id}`,
    label: t(word),
    keys,
    run,
  }));
  const saved = desk.views.all.peek().map(({ id, name }) => ({
    id: `view ${id}`,
    label: t("desk.go_to", { name }),
    run: () => navigate(`/desk/${encodeURIComponent(id)}`),
  }));
  const teams = desk.teams.all.peek().map(({ id, name }) => ({
    id: `team ${id}`,
    label: t("desk.go_to", { name }),
    run: () => navigate(`/desk/teams/${id}`),
  }));
  return [
    ...commands,
    ...teams,
    ...saved.filter(({ id }) => !commands.some((one) => one.id === `command go_${id.slice(5)}`)),
  ];
}

/**
 * Tickets and customers, as the server finds them.
 * @param {string} q
 * @returns {Promise<Choice[]>}
 */
export async function foundChoices(q) {
  const [tickets, customers] = await Promise.all([
    get("/csr/tickets", { q, limit: MOST }),
    get("/csr/customers", { q, limit: MOST }).catch(() => ({ data: [] })),
  ]);
  return [
    ...tickets.data.map((/** @type {import("./types.js").Row} */ row) => ({
      id: `ticket ${row.id}`,
      label: `#${row.number} ${row.title}`,
      hint: `${statusWord(row.status)} · ${row.customer.full_name}`,
      run: () => openTicket(row.number),
    })),
    ...customers.data.map(
      (/** @type {{id: string, full_name: string, email: string | null}} */ person) => ({
        id: `customer ${person.id}`,
        label: person.full_name,
        hint: [t("desk.customer"), person.email].filter(Boolean).join(" · "),
        run: () => navigate(`/desk/customers/${person.id}`),
      }),
    ),
  ];
}

/**
 * The values of a field, for the tickets that a command is about.
 * @param {Desk} desk
 * @param {Field} field
 * @param {{categories: string[], tags: string[]}} labels
 * @returns {Choice[]}
 */
export function fieldChoices(desk, field, labels) {
  const { bulk } = desk;
  switch (field) {
    case "status":
      return STATUSES.map((status) =>
        choice(status, statusWord(status), () => bulk.make({ fields: { status } })),
      );
    case "priority":
      return PRIORITIES.map((priority) =>
        choice(priority ?? "none", priorityWord(priority), () =>
          bulk.make({ fields: { priority } }),
        ),
      );
    case "assignee":
      return assigneeChoices(desk);
    case "team":
      return teamChoices(desk);
    case "category":
      return labels.categories.map((category) =>
        choice(category, category, () => bulk.make({ fields: { category } })),
      );
    default:
      return labels.tags.map((tag) => choice(tag, tag, () => bulk.make({ addTags: [tag] })));
  }
}

/** @param {Desk} desk */
const teamChoices = ({ bulk, teams }) => [
  ...teams.all
    .peek()
    .map(({ id, name }) => choice(id, name, () => bulk.make({ fields: { team_id: id } }))),
  choice("none", t("desk.no_team"), () => bulk.make({ fields: { team_id: null } })),
];

/** @param {Desk} desk */
function assigneeChoices({ bulk, me, team }) {
  const others = team.sorted.peek().filter(({ user_id }) => user_id !== me.id);
  return [
    choice("me", t("desk.me", { name: me.full_name }), () => bulk.make({ assignee: me.id })),
    ...others.map(({ user_id: id, full_name, available, open_tickets, capacity }) => ({
      ...choice(id, full_name, () => bulk.make({ assignee: id })),
      hint: `${available ? "" : `${t("desk.is_away")} · `}${open_tickets} / ${capacity}`,
    })),
    choice("nobody", t("desk.nobody"), () => bulk.make({ assignee: null })),
  ];
}

/**
 * @param {string} id
 * @param {string} label
 * @param {() => unknown} run
 * @returns {Choice}
 */
const choice = (id, label, run) => ({ id, label, run });
