import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenOf, holderOf, macroOf } from "../../../web/desk/macros/values.js";

const form = (values) => {
  const given = new FormData();
  for (const [name, value] of Object.entries(values)) given.set(name, value);
  return given;
};
const TEAM = "01935b2e-7c4a-7d1e-9f30-5a6b7c8d9e0f";

test("what is left as it is, is not sent", () => {
  const given = form({ name: " Refund ", holder: "own", content: "", status: "", tags_add: " , " });
  assert.deepEqual(macroOf(given, {}), {
    name: "Refund",
    scope: "own",
    team_id: null,
    message: null,
    set: {},
  });
});

test("what is cleared is null, and a category of that name is none", () => {
  const given = form({ holder: TEAM, priority: "none", assignee: "none", category: "none" });
  const { scope, team_id, set } = macroOf(given, undefined);
  assert.deepEqual([scope, team_id], ["team", TEAM]);
  assert.deepEqual(set, { priority: null, assignee: null, category: "none" });
});

test("lists are written with commas, and fields come along", () => {
  const given = form({ holder: "everyone", tags_add: "a, b,a", content: "Hi", internal: "on" });
  const { scope, message, set } = macroOf(given, { plan: "gold" });
  assert.equal(scope, "everyone");
  assert.deepEqual(message, { content: "Hi", internal: true });
  assert.deepEqual(set, { tags_add: ["a", "b"], fields: { plan: "gold" } });
});

test("a choice shows what a macro has", () => {
  assert.deepEqual(["high", null, undefined].map(chosenOf), ["high", "none", ""]);
  assert.equal(holderOf({ scope: "team", team_id: TEAM }), TEAM);
  assert.equal(holderOf({ scope: "own", team_id: null }), "own");
});
