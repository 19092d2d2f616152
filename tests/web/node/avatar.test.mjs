import assert from "node:assert/strict";
import { test } from "node:test";
import { initials } from "../../../web/desk/parts/avatar.js";

test("initials are whole letters of the first and the last word", () => {
  assert.equal(initials("Dóra Kovács"), "DK");
  assert.equal(initials("  ann  "), "A");
  assert.equal(initials("Ana María de la Cruz"), "AC");
  assert.equal(initials("👩‍👩‍👧 Smith"), "👩‍👩‍👧S");
  assert.equal(initials("محمد علي"), "مع");
  assert.equal(initials(""), "");
});
