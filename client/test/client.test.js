import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { DeskClient } from "../index.js";
import { Storage } from "./browser.js";
import { FakeSocket, event, no, ok, soon, token, until } from "./fake.js";

let socket, client, ticket, seen;

/** A server with a timeline of `head` events, which it replays in pages. */
function serve(head, page = 500) {
  socket.answer = (name, payload) => {
    if (name !== "join_ticket") return ok({});
    const upto = Math.min(head, payload.after + page);
    for (let seq = payload.after + 1; seq <= upto; seq++) socket.hear("timeline", event(seq));
    return ok({ ticket: {}, viewers: [], seq: upto, more: upto < head });
  };
}

const say = ({ content }, code) => (content === "bad" ? no(code) : ok({ seq: 1 }));

function start(options = {}) {
  socket = new FakeSocket();
  serve(0);
  client = new DeskClient({
    url: "http://desk.test",
    getToken: () => token(3600),
    io: FakeSocket.io(socket),
    ...options,
  });
  ticket = client.ticket("t");
  seen = [];
  ticket.on("event", ({ seq }) => seen.push(seq));
}

beforeEach(() => start());
afterEach(() => client.close());

test("history of several pages arrives once and in order", async () => {
  serve(7, 3);
  await socket.arrive();
  await until(() => seen.length === 7);
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(socket.sent("join_ticket").map(({ after }) => after), [0, 3, 6]);
});

test("what comes twice is handed on once", async () => {
  await socket.arrive();
  for (const seq of [1, 1, 2, 1, 2, 3, 3]) socket.hear("timeline", event(seq));
  assert.deepEqual(seen, [1, 2, 3]);
});

test("a hole is filled before anything after it is handed on", async () => {
  await socket.arrive();
  await until(() => socket.sent("join_ticket").length === 1);
  await soon();
  serve(5);
  socket.hear("timeline", event(1));
  socket.hear("timeline", event(4));
  assert.deepEqual(seen, [1]);
  await until(() => seen.length === 5);
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.equal(socket.sent("join_ticket")[1].after, 1);
});

test("history that stops short of what the join says is asked for again", async () => {
  let joins = 0;
  socket.answer = (_, { after }) => {
    const upto = joins++ ? 3 : 1;
    for (let seq = after + 1; seq <= upto; seq++) socket.hear("timeline", event(seq));
    return ok({ ticket: {}, viewers: [], seq: 3, more: false });
  };
  await socket.arrive();
  await until(() => seen.length === 3);
  assert.equal(joins, 2);
});

test("a resync joins again from the last number", async () => {
  serve(2);
  await socket.arrive();
  await until(() => seen.length === 2);
  serve(4);
  socket.hear("resync", { ticket_id: "t" });
  await until(() => seen.length === 4);
  assert.equal(socket.sent("join_ticket").at(-1).after, 2);
});

test("after a lost connection it joins from the last number", async () => {
  serve(2);
  await socket.arrive();
  await until(() => seen.length === 2);
  socket.leave();
  serve(3);
  await socket.arrive();
  await until(() => seen.length === 3);
  assert.deepEqual(socket.sent("join_ticket").map(({ after }) => after), [0, 2]);
});

test("a join that is refused for a while is repeated, one that is refused is told", async () => {
  let answers = [no("unavailable"), no("ticket_not_found")];
  socket.answer = () => answers.shift();
  const refused = new Promise((told) => ticket.on("refused", told));
  await socket.arrive();
  assert.equal((await refused).code, "ticket_not_found");
  assert.equal(answers.length, 0);
});

test("messages written offline are sent in order, each under one client_id", async () => {
  const answers = [ticket.send("one"), ticket.send("two"), ticket.send("three")];
  assert.equal(ticket.unsent.length, 3);
  let failures = 2;
  socket.answer = (name, payload) => {
    if (name !== "post_message") return ok({ ticket: {}, viewers: [], seq: 0, more: false });
    return failures-- > 0 ? no("unavailable") : ok({ seq: 1, content: payload.content });
  };
  await socket.arrive();
  await Promise.all(answers);
  const sent = socket.sent("post_message");
  assert.deepEqual(sent.map(({ content }) => content), ["one", "one", "one", "two", "three"]);
  assert.equal(new Set(sent.map(({ client_id }) => client_id)).size, 3);
  assert.equal(ticket.unsent.length, 0);
});

test("a message whose answer was lost is sent again under the same client_id", async () => {
  let posts = 0;
  socket.answer = (name) => {
    if (name !== "post_message") return ok({ ticket: {}, viewers: [], seq: 0, more: false });
    if (posts++ > 0) return ok({ seq: 1 });
    socket.leave();
    return undefined;
  };
  await socket.arrive();
  const answer = ticket.send("hello");
  await until(() => posts === 1);
  await soon();
  await socket.arrive();
  assert.deepEqual(await answer, { seq: 1 });
  const [first, second] = socket.sent("post_message");
  assert.deepEqual(first, second);
});

test("a definite refusal rejects its message alone", async () => {
  serve(1);
  const { answer } = socket;
  socket.answer = (name, payload) =>
    name === "join_ticket" ? answer(name, payload) : say(payload, "invalid");
  await socket.arrive();
  const bad = ticket.send("bad");
  const good = ticket.send("good");
  await assert.rejects(bad, { code: "invalid" });
  assert.deepEqual(await good, { seq: 1 });
});

const circular = {};
circular.self = circular;
const never = {
  "too long": ["x".repeat(70_000)],
  "too long by a character": ["😀".repeat(10_001)],
  binary: [new Uint8Array([1])],
  "nothing": [undefined],
  "a number": [1n],
  "not serialisable": [circular],
  "with an id that is none": ["hello", { clientId: new Uint8Array([1]) }],
  "internal in another type": ["hello", { internal: new Uint8Array([1]) }],
};
for (const [what, given] of Object.entries(never)) {
  test(`what can never be sent is refused at once and alone: ${what}`, async () => {
    await assert.rejects(ticket.send(...given), { name: "DeskError", code: "invalid" });
    assert.deepEqual(ticket.unsent, []);
    const next = ticket.send("😀".repeat(10_000));
    socket.answer = (name, payload) =>
      name === "join_ticket" ? ok({ ticket: {}, viewers: [], seq: 0, more: false }) : say(payload);
    await socket.arrive();
    assert.deepEqual(await next, { seq: 1 });
    assert.equal(socket.sent("post_message").length, 1);
  });
}

test("ids and numbers of another type are refused before they are sent", async () => {
  await socket.arrive();
  const invalid = { name: "DeskError", code: "invalid" };
  for (const id of [new Uint8Array([1]), 1, "x".repeat(70_000)]) {
    assert.throws(() => client.ticket(id), invalid);
  }
  for (const seq of [1n, NaN, "1", -1, 1.5, new Uint8Array([1])]) {
    assert.throws(() => ticket.markRead(seq), invalid);
    assert.throws(() => client.ticket("u", { after: seq }), invalid);
  }
  ticket.typing(new Uint8Array([1]));
  assert.equal(socket.sent("typing")[0].active, true);
  assert.equal(socket.sent("mark_read").length, 0);
});

test("a message that the server chokes on does not hold up the next for ever", async (t) => {
  t.mock.method(Math, "random", () => -0.98);
  serve(1);
  const { answer } = socket;
  socket.answer = (name, payload) =>
    name === "join_ticket" ? answer(name, payload) : say(payload, "internal");
  await socket.arrive();
  const bad = ticket.send("bad");
  assert.deepEqual(await ticket.send("good"), { seq: 1 });
  await assert.rejects(bad, { code: "internal" });
});

test("unsent messages survive in the storage and are sent by the next client", async () => {
  const storage = new Storage();
  start({ storage });
  await socket.arrive();
  socket.leave();
  const lost = ticket.send("kept", { clientId: "c1" });
  client.close();
  await assert.rejects(lost, { code: "closed" });
  start({ storage });
  await socket.arrive();
  await until(() => socket.sent("post_message").length === 1);
  assert.deepEqual(socket.sent("post_message")[0], {
    ticket_id: "t",
    client_id: "c1",
    content: "kept",
  });
  await until(() => storage.length === 0);
});

test("the event stream is in order, misses nothing and ends with the ticket", async () => {
  const stream = ticket.events();
  serve(3);
  await socket.arrive();
  const got = [];
  for await (const { seq } of stream) {
    got.push(seq);
    if (seq === 3) socket.hear("timeline", event(4));
    if (seq === 4) ticket.leave();
  }
  assert.deepEqual(got, [1, 2, 3, 4]);
  assert.equal((await stream.next()).done, true);
});

test("a listener that throws holds up nobody", async (t) => {
  const thrown = [];
  t.mock.method(globalThis, "queueMicrotask", (run) => assert.throws(run) ?? thrown.push(1));
  start();
  ticket.on("event", () => {
    throw new Error("mine");
  });
  await socket.arrive();
  socket.hear("timeline", event(1));
  socket.hear("timeline", event(2));
  assert.deepEqual(seen, [1, 2]);
  assert.equal(thrown.length, 2);
});

test("a token that runs out is replaced in time, once, and the socket is kept", async () => {
  const asked = [];
  const pairs = [];
  start({
    getToken: undefined,
    tokens: { access_token: token(0.4), refresh_token: "r1" },
    onTokens: (pair) => pairs.push(pair),
    fetch: async (url, { body }) => {
      asked.push([url, JSON.parse(body).refresh_token]);
      const pair = { access_token: token(3600, "b"), refresh_token: "r2" };
      return { status: 200, ok: true, json: async () => pair };
    },
  });
  await socket.arrive();
  await until(() => socket.sent("refresh_auth").length === 1);
  assert.deepEqual(asked, [["http://desk.test/api/v1/auth/refresh", "r1"]]);
  assert.equal(socket.sent("refresh_auth")[0].token, pairs[0].access_token);
  assert.equal(pairs.length, 1);
  assert.equal(socket.connected, true);
});

const HOUR = 3_600_000;

/** What lets time pass, on a machine whose wall clock is ahead of the server's by so much. */
function aClock(t, ahead) {
  const server = Date.now();
  let passed = 0;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => passed);
  t.mock.method(Date, "now", () => server + passed + ahead);
  return {
    token: (name) => token(3600, name, server + passed),
    async pass(seconds) {
      for (let n = 0; n < seconds; n++) {
        passed += 1000;
        t.mock.timers.tick(1000);
        for (let turn = 0; turn < 20; turn++) await null;
      }
    },
  };
}

for (const ahead of [0, 0.5, 0.99, 1, 24, -0.5, -1, -24]) {
  test(`a wall clock ${ahead} hours ahead makes no storm of refreshes`, async (t) => {
    const clock = aClock(t, ahead * HOUR);
    let asked = 0;
    const answer = () => ({
      access_token: clock.token(`${++asked}`),
      refresh_token: `r${asked}`,
      token_type: "bearer",
      expires_in: 3600,
    });
    start({
      getToken: undefined,
      tokens: { access_token: clock.token("given"), refresh_token: "r0" },
      fetch: async () => ({ status: 200, ok: true, json: async () => answer() }),
    });
    await socket.arrive();
    await clock.pass(3600);
    assert.ok(asked >= 1 && asked <= 2, `${asked} refreshes`);
  });

  test(`who gives tokens is not asked in a hurry by a clock ${ahead} hours ahead`, async (t) => {
    const clock = aClock(t, ahead * HOUR);
    let asked = 0;
    start({ getToken: () => clock.token(`${++asked}`) });
    await socket.arrive();
    await clock.pass(3600);
    assert.ok(asked >= 2 && asked <= 62, `${asked} questions`);
  });
}

test("a session that is over signs out and refuses what was not sent", async () => {
  start({
    getToken: undefined,
    tokens: { access_token: token(-1), refresh_token: "r1" },
    fetch: async () => ({
      status: 401,
      ok: false,
      json: async () => ({ code: "refresh_token_revoked", detail: "over" }),
    }),
  });
  const unsent = ticket.send("hello");
  const out = new Promise((told) => client.on("signed_out", told));
  socket.options.auth(() => assert.fail("it has no token to give"));
  assert.deepEqual(await out, { code: "refresh_token_revoked" });
  await assert.rejects(unsent, { code: "refresh_token_revoked" });
});

test("a server that hangs up or cannot admit anybody just now is tried again", async () => {
  await socket.arrive();
  socket.active = false;
  socket.leave("io server disconnect");
  await until(() => socket.connecting === 1);
  socket.hear("connect_error", { data: { code: "unavailable" } });
  await until(() => socket.connecting === 2);
});
