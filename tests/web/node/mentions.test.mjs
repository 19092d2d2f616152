import assert from "node:assert/strict";
import { test } from "node:test";
import { begunName, mentionedIn, offeredFor } from "../../../web/desk/mentions.js";

const agent = (user_id, full_name) => ({ user_id, full_name });
const TEAM = [agent("1", "Ann Lee"), agent("2", "Ann Leeson"), agent("3", "Zoë O'Hara")];

test("who is named with an @ is mentioned, and of two names the longer one", () => {
  assert.deepEqual(mentionedIn("@Ann Leeson, look", TEAM, "me"), ["2"]);
  assert.deepEqual(mentionedIn("@Zoë O'Hara and @Ann Lee", TEAM, "me"), ["3", "1"]);
  assert.deepEqual(mentionedIn("Ann Lee wrote to ann@lee.org", TEAM, "me"), []);
  assert.deepEqual(mentionedIn("@Ann Lee", TEAM, "1"), []);
});

test("a name begins after an @ that begins a word", () => {
  assert.equal(begunName("Hello @An"), "An");
  assert.equal(begunName("@"), "");
  assert.equal(begunName("Hello @Ann Le"), "Ann Le");
  assert.equal(begunName("ann@example"), null);
  assert.equal(begunName("@Ann\nand"), null);
});

test("colleagues are offered by the beginning of any of their names", () => {
  const ids = (begun) => offeredFor(begun, TEAM, "me").map(({ user_id }) => user_id);
  assert.deepEqual(ids("ann"), ["1", "2"]);
  assert.deepEqual(ids("o'h"), ["3"]);
  assert.deepEqual(ids("Ann Lees"), ["2"]);
  assert.deepEqual(ids("nn"), []);
});
