import assert from "node:assert/strict";
import { test } from "node:test";
import { send, serverTime } from "../../../web/shared/http.js";

test("a clock that is hours ahead loses nothing that changed meanwhile", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.parse("2030-01-01T15:00:00Z") });
  t.mock.method(globalThis, "fetch", async () => {
    return new Response("{}", { headers: { Date: "Tue, 01 Jan 2030 12:00:00 GMT" } });
  });
  await send("GET", "/anything");
  const lost = Date.parse("2030-01-01T14:59:00Z");
  assert.equal(new Date(serverTime(lost)).toISOString(), "2030-01-01T11:59:00.000Z");
});
