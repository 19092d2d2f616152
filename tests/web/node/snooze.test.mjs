/** The times that a snooze is offered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { presets } from "../../../web/desk/snooze_times.js";

/** @param {Date} now */
const names = (now) => presets(now).map(({ name }) => name);

test("what is over by then, or the same as another, is not offered", () => {
  assert.deepEqual(names(new Date(2030, 0, 2, 10)), ["hour", "evening", "tomorrow", "monday", "week"]);
  assert.deepEqual(names(new Date(2030, 0, 2, 20)), ["hour", "tomorrow", "monday", "week"]);
  // A Sunday: tomorrow is Monday.
  assert.deepEqual(names(new Date(2030, 0, 6, 17, 30)), ["hour", "tomorrow", "week"]);
  // A Monday: the next one is in a week.
  assert.deepEqual(names(new Date(2030, 0, 7, 10)), ["hour", "evening", "tomorrow", "monday"]);
});

test("the nearest stands first", () => {
  for (let day = 1; day <= 14; day++) {
    const now = new Date(2030, 2, day, 23, 40);
    const times = presets(now).map(({ at }) => at.getTime());
    assert.deepEqual(times, [...times].sort((a, b) => a - b));
    assert.ok(times.every((time) => time > now.getTime()));
  }
});
