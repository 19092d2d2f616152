import assert from "node:assert/strict";
import { test } from "node:test";
import { isSingle, Keys, nameOf } from "../../../web/desk/keys.js";

const command = (id, keys, more = {}) => ({ id, word: id, group: "moving", keys, run() {}, ...more });
const press = { isWriting: false, isRepeat: false, now: 0 };

function table({ mayUseSingle = true, isOpen = true } = {}) {
  const commands = [
    command("next", ["j", "ArrowDown"], { repeats: true }),
    command("resolve", ["e"], { when: () => isOpen }),
    command("mine", ["g m"]),
    command("palette", ["Ctrl+k"], { everywhere: true }),
  ];
  return new Keys(
    () => commands,
    () => mayUseSingle,
  );
}

test("a key means its command", () => {
  const keys = table();
  assert.equal(keys.press({ ...press, key: "j" }).id, "next");
  assert.equal(keys.press({ ...press, key: "q" }), null);
});

test("who writes types letters, and may still call the palette", () => {
  const keys = table();
  assert.equal(keys.press({ ...press, key: "j", isWriting: true }), null);
  assert.equal(keys.press({ ...press, key: "ArrowDown", isWriting: true }), null);
  assert.equal(keys.press({ ...press, key: "Ctrl+k", isWriting: true }).id, "palette");
});

test("what changes something is not repeated by a key that is held", () => {
  const keys = table();
  assert.equal(keys.press({ ...press, key: "e", isRepeat: true }), null);
  assert.equal(keys.press({ ...press, key: "j", isRepeat: true }).id, "next");
});

test("a sequence is two keys in time", () => {
  const keys = table();
  assert.equal(keys.press({ ...press, key: "g" }), "begun");
  assert.equal(keys.press({ ...press, key: "m", now: 100 }).id, "mine");
  assert.equal(keys.press({ ...press, key: "m", now: 200 }), null);
  assert.equal(keys.press({ ...press, key: "g", now: 300 }), "begun");
  assert.equal(keys.press({ ...press, key: "m", now: 9000 }), null);
});

test("single keys can be switched off, and nothing else goes with them", () => {
  const keys = table({ mayUseSingle: false });
  for (const key of ["j", "e", "g", "?"]) assert.equal(keys.press({ ...press, key }), null);
  assert.equal(keys.press({ ...press, key: "ArrowDown" }).id, "next");
  assert.equal(keys.press({ ...press, key: "Ctrl+k" }).id, "palette");
  assert.deepEqual(["j", "?", "U", "g m"].map(isSingle), [true, true, true, true]);
});

test("what makes no sense now is not there", () => {
  assert.equal(table({ isOpen: false }).press({ ...press, key: "e" }), null);
});

test("a key is named by what it means", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  assert.equal(nameOf({ ...plain, key: "?", shiftKey: true }), "?");
  assert.equal(nameOf({ ...plain, key: "U", shiftKey: true }), "U");
  assert.equal(nameOf({ ...plain, key: "K", metaKey: true }), "Ctrl+k");
  assert.equal(nameOf({ ...plain, key: "K", ctrlKey: true, shiftKey: true }), "Ctrl+Shift+k");
  assert.equal(nameOf({ ...plain, key: "Enter", shiftKey: true }), "Shift+Enter");
  assert.equal(nameOf({ ...plain, key: "j", altKey: true }), "Alt+j");
});
