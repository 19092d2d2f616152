/** Saved views: what a form says of them, and what becomes of their lists. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tickets } from "../../../web/desk/store/tickets.js";
import { Views } from "../../../web/desk/store/views.js";
import { fieldsOf, queryOf } from "../../../web/desk/view_query.js";

test("a form gives back what it was given", () => {
  const queries = [
    { sort: "-created_at" },
    { status: ["open"], assigned_to: "me", waiting_on: "staff", sort: "-updated_at" },
    { unassigned: true, tag: "vip", priority: "high", unread: true, sort: "number" },
    { team: "mine", status: ["open"], snoozed: false, sort: "-updated_at" },
    { unassigned: false, unread: false, q: "refund", category: "a", type: "b", sort: "-priority" },
    { user_id: "somebody", updated_after: "2026-01-01T00:00:00Z", sort: "-created_at" },
  ];
  for (const query of queries) assert.deepEqual(queryOf(fieldsOf(query), query), query);
});

test("an emptied field asks for nothing", () => {
  const query = { q: "refund", assigned_to: "me", sort: "-created_at" };
  const emptied = { ...fieldsOf(query), q: "  ", assignee: "" };
  assert.deepEqual(queryOf(emptied, query), { sort: "-created_at" });
});

test("a view that asks for something else has another list", async () => {
  let views = [
    { id: "a", name: "A", query: { tag: "x" }, live: true },
    { id: "b", name: "B", query: { tag: "y" }, live: true },
  ];
  const get = async (path) => ({ data: path === "/csr/views" ? views : [], next: null });
  const shown = new Views(new Tickets(), "me", get);
  await shown.load();
  const [a, b, sorted] = [shown.list("a"), shown.list("b"), shown.list("a", "number")];
  views = [{ ...views[0], query: { tag: "z" } }, { ...views[1], name: "Renamed" }];
  await shown.load();
  assert.notEqual(shown.list("a"), a);
  assert.deepEqual(shown.list("a").query, { tag: "z" });
  assert.notEqual(shown.list("a", "number"), sorted);
  assert.equal(shown.list("b"), b);
  views = [];
  await shown.load();
  assert.equal(shown.list("b"), null);
  assert.deepEqual(shown.watched, []);
});
