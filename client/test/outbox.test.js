import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { DeskClient } from "../index.js";
import { Storage } from "./browser.js";
import { FakeSocket, event, no, ok, soon, token, until } from "./fake.js";

const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.close()));

/** A client of ann's, with its socket and all that it tells, by name. */
function start(options = {}) {
  const socket = new FakeSocket();
  socket.answer = (name, { content, seq }) => {
    if (name === "join_ticket") return ok({ ticket: {}, viewers: [], reads: [], seq: 0, more: false });
    return content?.startsWith("bad") ? no("answered_meanwhile") : ok({ seq, content });
  };
  const client = new DeskClient({
    url: "http://desk.test",
    getToken: () => token(3600, "a", Date.now(), { sub: "ann" }),
    io: FakeSocket.io(socket),
    ...options,
  });
  const told = {};
  for (const name of ["connected", "release", "unsent", "not_sent", "storage_failed", "ticket_read"]) {
    client.on(name, (what) => (told[name] ??= []).push(what));
  }
  clients.push(client);
  return { client, socket, told };
}

test("a message needs no ticket to be looked at, and is known until it is stored", async () => {
  const { client, socket, told } = start();
  const options = { clientId: "c", expectSeq: 7, draft: true, attachmentIds: ["a", "b"] };
  const answer = client.send("t", "hello", options);
  const sent = {
    client_id: "c",
    content: "hello",
    expect_seq: 7,
    draft: true,
    attachment_ids: ["a", "b"],
  };
  assert.deepEqual(client.unsent("t"), [sent]);
  assert.deepEqual(client.unsent(), [{ ticket_id: "t", ...sent }]);
  assert.deepEqual(client.ticket("t").unsent, [sent]);
  client.ticket("t").leave();
  await socket.arrive();
  await answer;
  assert.deepEqual(socket.sent("post_message"), [{ ticket_id: "t", ...sent }]);
  assert.deepEqual(client.unsent(), []);
  assert.deepEqual(told.unsent, [{ ticket_id: "t" }, { ticket_id: "t" }]);
});

test("a message to a ticket that was merged goes to what has become of it", async () => {
  const { client, socket } = start();
  socket.answer = (_, { ticket_id }) =>
    ticket_id === "t" ? { ok: false, error: { code: "merged", detail: "", into: "u" } } : ok({ seq: 3 });
  await socket.arrive();
  assert.deepEqual(await client.send("t", "hello", { clientId: "c", expectSeq: 7 }), { seq: 3 });
  assert.deepEqual(socket.sent("post_message").at(-1), { ticket_id: "u", client_id: "c", content: "hello" });
  assert.deepEqual(client.unsent(), []);
});

test("who answers over somebody is told what was said since", async () => {
  const { client, socket } = start();
  const events = [event(8)];
  socket.answer = () => ({ ok: false, error: { code: "answered_meanwhile", detail: "", events } });
  await socket.arrive();
  const refused = client.send("t", "over it", { expectSeq: 7 });
  await assert.rejects(refused, { name: "DeskError", code: "answered_meanwhile", events });
  assert.deepEqual(client.unsent("t"), []);
});

for (const [what, options] of Object.entries({
  "a number that is none": { expectSeq: "7" },
  "a draft that is none": { draft: 1 },
  "files that are none": { attachmentIds: "a" },
  "a file that is none": { attachmentIds: [1] },
  "too many files": { attachmentIds: Array(11).fill("a") },
  "a time that is none": { holdFor: -1 },
})) {
  test(`what can never be sent is refused at once: ${what}`, async () => {
    const { client } = start();
    await assert.rejects(client.send("t", "hello", options), { code: "invalid" });
    assert.deepEqual(client.unsent(), []);
  });
}

test("what is held back can be taken back, and what was sent cannot", async () => {
  const storage = new Storage();
  const { client, socket } = start({ storage });
  await socket.arrive();
  const undone = client.send("t", "undone", { clientId: "u", holdFor: 60_000 });
  const after = client.send("t", "after it", { clientId: "a" });
  assert.deepEqual(client.cancel("t", "u"), { client_id: "u", content: "undone" });
  await assert.rejects(undone, { code: "cancelled" });
  await after;
  assert.deepEqual(socket.sent("post_message").map(({ content }) => content), ["after it"]);
  assert.equal(client.cancel("t", "u"), null);
  let given;
  socket.answer = () => new Promise((answer) => (given = answer));
  const underway = client.send("t", "under way", { clientId: "w" });
  await until(() => given);
  assert.equal(client.cancel("t", "w"), null);
  given(ok({ seq: 3 }));
  await underway;
  assert.equal(storage.length, 0);
});

test("what is held back is sent in its turn, at once if the page goes", async () => {
  const { client, socket } = start();
  await socket.arrive();
  const answers = [client.send("t", "held", { holdFor: 60_000 }), client.send("t", "behind")];
  await client.send("u", "elsewhere");
  assert.deepEqual(socket.sent("post_message").map(({ content }) => content), ["elsewhere"]);
  client.hurry();
  await Promise.all(answers);
  const sent = socket.sent("post_message").map(({ content }) => content);
  assert.deepEqual(sent, ["elsewhere", "held", "behind"]);
  const short = client.send("t", "for a moment", { holdFor: 20 });
  assert.equal((await short).content, "for a moment");
});

test("another tab leaves alone what is held back, and sends what was left", async () => {
  const storage = new Storage();
  const writing = start({ storage });
  await writing.socket.arrive();
  writing.client.send("t", "undone", { clientId: "u", holdFor: 60_000 });
  writing.client.send("u", "left", { clientId: "l", holdFor: 60_000 });
  const other = start({ storage });
  await other.socket.arrive();
  await soon();
  assert.deepEqual(other.socket.sent("post_message"), []);
  writing.client.cancel("t", "u");
  writing.client.close();
  other.client.hurry();
  await until(() => other.client.unsent().length === 0);
  assert.deepEqual(other.socket.sent("post_message").map(({ content }) => content), ["left"]);
});

test("a message outlives a reload with all that was said of it", async () => {
  const storage = new Storage();
  const before = start({ storage });
  await before.socket.arrive();
  before.socket.leave();
  for (const content of ["bad", "good"]) {
    before.client.send("t", content, { clientId: content, internal: true, expectSeq: 0, draft: true });
  }
  before.client.close();
  const { socket, told } = start({ storage });
  await socket.arrive();
  await until(() => socket.sent("post_message").length === 2);
  assert.deepEqual(socket.sent("post_message")[1], {
    ticket_id: "t", client_id: "good", content: "good", internal: true, expect_seq: 0, draft: true,
  });
  await until(() => told.not_sent);
  const kept = { ticket_id: "t", client_id: "bad", content: "bad", internal: true };
  assert.deepEqual(told.not_sent, [{ ...kept, code: "answered_meanwhile" }]);
  await until(() => storage.length === 0);
});

const refuses = () => {
  throw Object.assign(new Error("no"), { name: "SecurityError" });
};
for (const [what, storage] of Object.entries({
  "forbidden as a whole": () => refuses,
  "forbidden at each use": () => ({ length: 0, key: refuses, getItem: refuses, setItem: refuses, removeItem: refuses }),
  "full": () => Object.assign(new Storage(), { setItem: refuses }),
})) {
  test(`a storage that is ${what} holds up nothing, and is told once`, async () => {
    const pair = { access_token: token(3600, "a", Date.now(), { sub: "ann" }), refresh_token: "r" };
    const { client, socket, told } = start({ storage: storage(), getToken: undefined, tokens: pair });
    const answers = [client.send("t", "one"), client.send("t", "two")];
    await socket.arrive();
    await Promise.all(answers);
    await until(() => told.storage_failed);
    assert.deepEqual(told.storage_failed, [{ name: "SecurityError" }]);
  });
}

test("a connection that is back says so, and since when nothing was heard", async (t) => {
  const { socket, told } = start();
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  await socket.arrive();
  socket.hear("connected", { version: "r1" });
  now += 5_000;
  socket.ping();
  now += 60_000; // Asleep, say: that the connection is gone is known only afterwards.
  socket.leave();
  now += 1_000;
  await socket.arrive();
  assert.deepEqual(told.connected, [
    { again: false, since: null },
    { again: true, since: 1_005_000 },
  ]);
  assert.deepEqual(told.release, [{ version: "r1" }]);
});

test("the same is said once to a connection, and whoever says it again waits for that", async () => {
  const { client, socket } = start();
  client.watch(["open"]);
  let told = false;
  client.on("connected", () => client.watch(["open"]).then(() => (told = true)));
  await socket.arrive();
  await until(() => told);
  assert.equal(socket.sent("watch").length, 1);
  socket.leave();
  told = false;
  await socket.arrive();
  await until(() => told);
  assert.equal(socket.sent("watch").length, 2);
});

test("what was watched is watched again after each reconnect", async () => {
  const { client, socket } = start();
  client.watch(["open"], ["t"]);
  await socket.arrive();
  await until(() => socket.sent("watch").length === 1);
  await client.watch(["mine"]);
  socket.leave();
  await socket.arrive();
  await until(() => socket.sent("watch").length === 3);
  assert.deepEqual(socket.sent("watch"), [
    { views: ["open"], ticket_ids: ["t"] },
    { views: ["mine"], ticket_ids: [] },
    { views: ["mine"], ticket_ids: [] },
  ]);
  socket.answer = () => no("invalid");
  await assert.rejects(client.watch(["none"]), { code: "invalid" });
  assert.throws(() => client.watch("open"), { code: "invalid" });
});

test("who gives tokens is told when the last one was refused", async () => {
  const asked = [];
  const getToken = ({ fresh }) => asked.push(fresh) && token(3600);
  const { socket } = start({ getToken });
  await socket.arrive();
  socket.leave();
  await socket.arrive();
  socket.active = false;
  socket.hear("connect_error", { data: { code: "invalid_token" } });
  await socket.arrive();
  socket.leave();
  await socket.arrive();
  socket.hear("signed_out", { code: "token_expired" });
  await socket.arrive();
  assert.deepEqual(asked, [false, false, true, false, true]);
});

test("who has read how far is known from the join on, and never goes back", async () => {
  const { client, socket, told } = start();
  const reads = [{ user_id: "bob", seq: 4 }];
  socket.answer = () => ok({ ticket: {}, viewers: [], reads, seq: 0, more: false });
  const ticket = client.ticket("t");
  await socket.arrive();
  await until(() => ticket.reads.size);
  for (const seq of [6, 5]) socket.hear("read", { ticket_id: "t", user_id: "bob", seq });
  assert.deepEqual([...ticket.reads], [["bob", 6]]);
  socket.hear("ticket_read", { ticket_id: "t", unread: 0 });
  assert.deepEqual(told.ticket_read, [{ ticket_id: "t", unread: 0 }]);
});

test("of a note it is told that it is one", async () => {
  const { client, socket } = start();
  await socket.arrive();
  const ticket = client.ticket("t");
  for (const internal of [true, true, false]) ticket.typing(true, { internal });
  assert.deepEqual(socket.sent("typing"), [
    { ticket_id: "t", active: true, internal: true },
    { ticket_id: "t", active: true },
  ]);
});
