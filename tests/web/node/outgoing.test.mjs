import assert from "node:assert/strict";
import { test } from "node:test";
import { Outgoing } from "../../../web/desk/outgoing.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Outgoing messages with a macro; `asked` has what was asked for, each with how to answer. */
function withMacro() {
  const asked = [];
  const handle = { unsent: [], send: () => assert.fail("it is sent with the macro") };
  const desk = {
    me: { id: "me" },
    team: { sorted: { peek: () => [{ full_name: "Ann Lee", user_id: "ann" }] } },
    live: { cancel: () => assert.fail("it is in no outbox") },
  };
  const outgoing = new Outgoing({ id: "ticket", desk, handle });
  const use = (sent) =>
    new Promise((resolve, reject) => {
      asked.push({ sent, resolve, reject });
    });
  const send = (how = {}) =>
    outgoing.send("Hello @Ann Lee", "reply", { expectSeq: 3, macro: { macro: { id: "m" }, use }, ...how });
  return { asked, outgoing, send, get: () => outgoing.messages.value[0] };
}

test("a macro is asked for once, however often the connection is new", async () => {
  const { asked, outgoing, send, get } = withMacro();
  send();
  await settled();
  outgoing.resume();
  await settled();
  assert.equal(asked.length, 1);
  const { sent } = asked[0];
  assert.deepEqual([sent.content, sent.expect_seq, sent.draft], ["Hello @Ann Lee", 3, true]);
  assert.deepEqual(sent.mentions, ["ann"]);
  outgoing.hear({ actor_id: "me", data: { client_id: sent.client_id } });
  assert.equal(get(), undefined);
});

test("a refused one says why, and is tried again under the same name", async () => {
  const { asked, outgoing, send, get } = withMacro();
  send();
  await settled();
  const { client_id: first } = asked[0].sent;
  asked[0].reject({ code: "field_required", detail: "Plan is required", body: {} });
  await settled();
  assert.deepEqual([get().state, get().detail], ["failed", "Plan is required"]);
  outgoing.tryAgain(first);
  await settled();
  assert.deepEqual([get().state, get().detail], ["sending", undefined]);
  assert.equal(asked[1].sent.client_id, first);
});

test("one that is held is taken back, and never used", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { asked, outgoing, send, get } = withMacro();
  send({ isHeld: true });
  const { clientId } = get();
  assert.equal(outgoing.takeBack(clientId)?.macro.id, "m");
  t.mock.timers.tick(10_000);
  await settled();
  assert.deepEqual([asked.length, get()], [0, undefined]);
});

test("one that is under way is not taken back", async () => {
  const { outgoing, send, get } = withMacro();
  send();
  await settled();
  assert.equal(outgoing.takeBack(get().clientId), null);
});
