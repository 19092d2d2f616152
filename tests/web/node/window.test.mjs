import assert from "node:assert/strict";
import { test } from "node:test";
import { drawn } from "../../../web/desk/window.js";

const pane = { height: 800, rowHeight: 80, count: 1000 };

test("no row in sight is left out, and a row that comes draws one row", () => {
  let last = drawn({ ...pane, top: 0 });
  assert.deepEqual(last, { from: 0, to: 19 });
  for (let top = 80; top <= 80 * 1000 - 800; top += 80) {
    const next = drawn({ ...pane, top });
    assert.ok(next.from * 80 <= top && next.to * 80 >= top + 800);
    assert.ok(next.from - last.from <= 1 && next.to - last.to <= 1);
    last = next;
  }
  assert.equal(last.to, 1000);
});

test("a list that became short is drawn", () => {
  assert.deepEqual(drawn({ ...pane, count: 3, top: 4000 }), { from: 0, to: 3 });
});
