import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { DeskClient } from "../index.js";
import { Locks, Storage } from "./browser.js";
import { FakeSocket, no, ok, soon, token, until } from "./fake.js";

const clients = [];
afterEach(() => clients.splice(0).forEach((client) => client.close()));

/** A server that ends a session whose spent token comes again, without any grace. */
class Sessions {
  refreshes = 0;
  posted = [];
  logouts = 0;
  #latest = new Map();
  #people = new Map();

  pair(person, session = person, generation = 1, lifeSeconds = 3600) {
    const claims = { sub: person, sid: session, gen: generation };
    const refresh_token = `${session}.${generation}`;
    this.#latest.set(session, refresh_token);
    this.#people.set(session, person);
    const access_token = token(lifeSeconds, "a", Date.now(), claims);
    return { access_token, refresh_token, expires_in: lifeSeconds, token_type: "bearer" };
  }

  fetch = async (url, { body }) => {
    await soon();
    const { refresh_token } = JSON.parse(body);
    const [session, generation] = refresh_token.split(".");
    if (url.endsWith("/logout")) return this.#answer(200, { logouts: ++this.logouts });
    this.refreshes++;
    if (this.#latest.get(session) !== refresh_token) {
      this.#latest.delete(session);
      return this.#answer(401, { code: "refresh_token_reused", detail: "" });
    }
    return this.#answer(200, this.pair(this.#people.get(session), session, Number(generation) + 1));
  };

  #answer = (status, body) => ({ status, ok: status < 400, json: async () => body });

  tab(options) {
    const socket = new FakeSocket();
    socket.answer = (name, { content }) => {
      if (name === "join_ticket") return ok({ ticket: {}, viewers: [], seq: 0, more: false });
      if (content === "bad") return no("ticket_closed");
      if (name === "post_message") this.posted.push(content);
      return ok({ seq: 1, content });
    };
    const tab = new DeskClient({
      url: "http://desk.test",
      fetch: this.fetch,
      io: FakeSocket.io(socket),
      ...options,
    });
    clients.push(tab);
    tab.on("signed_out", ({ code }) => (tab.signedOut = code));
    return Object.assign(tab, { socket });
  }
}

const names = (storage) => Array.from({ length: storage.length }, (_, n) => storage.key(n));
const unsent = (storage) => names(storage).filter((name) => name.includes(":unsent:"));

for (const [how, locks] of [
  ["with locks", () => new Locks()],
  ["without", () => undefined],
]) {
  test(`a tab that comes later goes on with the session of the first, ${how}`, async () => {
    const server = new Sessions();
    const shared = { storage: new Storage(), locks: locks(), tokens: server.pair("ann", "s", 1, -1) };
    const kept = [];
    const first = server.tab(shared);
    await first.socket.arrive();
    const second = server.tab({ ...shared, onTokens: (pair) => kept.push(pair.refresh_token) });
    await second.socket.arrive();
    assert.equal(server.refreshes, 1);
    assert.deepEqual(second.socket.given, first.socket.given);
    await until(() => kept.length === 1);
    assert.deepEqual(kept, ["s.2"]);
    assert.equal(first.signedOut ?? second.signedOut, undefined);
  });
}

test("of many tabs that need a new token at once one asks for it", async () => {
  const server = new Sessions();
  const shared = {
    ...{ storage: new Storage(), locks: new Locks() },
    tokens: server.pair("ann", "s", 1, -1),
  };
  const tabs = Array.from({ length: 5 }, () => server.tab(shared));
  await Promise.all(tabs.map((tab) => tab.socket.arrive()));
  assert.equal(server.refreshes, 1);
  assert.equal(new Set(tabs.map((tab) => tab.socket.given.token)).size, 1);
});

test("a tab whose token is refused takes what another tab made of it", async () => {
  const server = new Sessions();
  const shared = { storage: new Storage(), locks: new Locks(), tokens: server.pair("ann") };
  const tabs = [server.tab(shared), server.tab(shared)];
  await Promise.all(tabs.map((tab) => tab.socket.arrive()));
  for (const { socket } of tabs) socket.hear("connect_error", { data: { code: "invalid_token" } });
  await Promise.all(tabs.map((tab) => tab.socket.arrive()));
  assert.equal(server.refreshes, 1);
  assert.deepEqual(tabs[0].socket.given, tabs[1].socket.given);
});

test("another login in the same browser is a session of its own", async () => {
  const server = new Sessions();
  const shared = { storage: new Storage(), locks: new Locks() };
  const [ann, bob] = [server.pair("ann", "ann", 1, -1), server.pair("bob", "bob", 1, -1)];
  const tabs = [server.tab({ ...shared, tokens: ann }), server.tab({ ...shared, tokens: bob })];
  await Promise.all(tabs.map((tab) => tab.socket.arrive()));
  assert.equal(server.refreshes, 2);
  assert.notDeepEqual(tabs[0].socket.given, tabs[1].socket.given);
});

test("of two tabs that write offline no message is lost", async () => {
  const server = new Sessions();
  const shared = { storage: new Storage(), tokens: server.pair("ann") };
  const [one, two] = [server.tab(shared), server.tab(shared)];
  one.ticket("t").send("one 1");
  two.ticket("t").send("two 1");
  one.ticket("t").send("one 2");
  two.ticket("t").send("two 2");
  one.close();
  two.close();
  const later = server.tab(shared);
  await later.socket.arrive();
  await until(() => server.posted.length === 4);
  const by = (name) => server.posted.filter((content) => content.startsWith(name));
  assert.deepEqual(by("one"), ["one 1", "one 2"]);
  assert.deepEqual(by("two"), ["two 1", "two 2"]);
  await until(() => unsent(shared.storage).length === 0);
});

test("what another tab wrote offline and left is sent, what it sent itself is not", async () => {
  const server = new Sessions();
  const shared = { storage: new Storage(), tokens: server.pair("ann") };
  const [gone, open] = [server.tab(shared), server.tab(shared)];
  gone.ticket("t").send("left");
  const sent = gone.ticket("u").send("sent");
  await gone.socket.arrive();
  await sent;
  await until(() => server.posted.length === 2);
  gone.socket.leave();
  gone.ticket("u").send("left as well");
  gone.close();
  await open.socket.arrive();
  await until(() => server.posted.length === 3);
  assert.deepEqual(server.posted.slice(2), ["left as well"]);
});

test("messages of a ticket that was left go on being sent", async () => {
  const server = new Sessions();
  const tab = server.tab({ tokens: server.pair("ann") });
  const ticket = tab.ticket("t");
  const answer = ticket.send("hello");
  ticket.leave();
  await tab.socket.arrive();
  assert.deepEqual(await answer, { seq: 1, content: "hello" });
  assert.deepEqual(tab.socket.sent("join_ticket"), []);
  await assert.rejects(ticket.send("too late"), { code: "closed" });
});

test("messages of a ticket that was left outlive a reload, and a refusal is told", async () => {
  const server = new Sessions();
  const shared = { storage: new Storage(), tokens: server.pair("ann") };
  const before = server.tab(shared);
  const ticket = before.ticket("t");
  for (const content of ["hello", "bad", "bye"]) ticket.send(content, { clientId: content });
  ticket.leave();
  before.close();
  const after = server.tab(shared);
  const refused = new Promise((told) => after.on("not_sent", told));
  await after.socket.arrive();
  await until(() => server.posted.length === 2);
  assert.deepEqual(server.posted, ["hello", "bye"]);
  const told = { ticket_id: "t", client_id: "bad", content: "bad", code: "ticket_closed" };
  assert.deepEqual(await refused, told);
});

test("who signs in next does not send what the last one left", async () => {
  const server = new Sessions();
  const storage = new Storage();
  const ann = server.tab({ storage, tokens: server.pair("ann") });
  ann.ticket("t").send("a note", { internal: true });
  ann.close();
  const bob = server.tab({ storage, tokens: server.pair("bob") });
  await bob.socket.arrive();
  await bob.ticket("t").send("of bob");
  assert.deepEqual(server.posted, ["of bob"]);
  const again = server.tab({ storage, tokens: server.pair("ann") });
  await again.socket.arrive();
  await until(() => server.posted.length === 2);
  assert.deepEqual(server.posted, ["of bob", "a note"]);
});

test("who signs out leaves nothing in the storage", async () => {
  const server = new Sessions();
  const storage = new Storage();
  const ann = server.tab({ storage, tokens: server.pair("ann") });
  const note = ann.ticket("t").send("a note", { internal: true });
  assert.equal(storage.length, 2);
  await ann.signOut();
  assert.equal(ann.signedOut, "logged_out");
  assert.equal(server.logouts, 1);
  await assert.rejects(note, { code: "logged_out" });
  assert.deepEqual(names(storage), []);
});

test("whom the server signs out leaves nothing in the storage", async () => {
  const server = new Sessions();
  const storage = new Storage();
  const ann = server.tab({ storage, tokens: server.pair("ann") });
  ann.ticket("t").send("a note");
  ann.socket.hear("signed_out", { code: "logged_out" });
  assert.deepEqual(names(storage), []);
});

test("a client that is given another's token ends", async () => {
  const server = new Sessions();
  const storage = new Storage();
  let person = "ann";
  const tab = server.tab({ storage, getToken: () => server.pair(person).access_token });
  const before = tab.ticket("t").send("before it is known who writes");
  await tab.socket.arrive();
  await before;
  tab.socket.leave();
  tab.ticket("t").send("of ann");
  assert.equal(unsent(storage).length, 1);
  person = "bob";
  tab.socket.options.auth(() => assert.fail("it has no token to give"));
  await until(() => tab.signedOut);
  assert.equal(tab.signedOut, "other_account");
  assert.deepEqual(server.posted, ["before it is known who writes"]);
  assert.deepEqual(names(storage), []);
});

test("what cannot be read or sent is taken out of the storage", async () => {
  const server = new Sessions();
  const storage = new Storage();
  const long = { client_id: "c", content: "x".repeat(70_000) };
  storage.setItem("desk:unsent:ann:t:a", "{");
  storage.setItem("desk:unsent:ann:t:b", "null");
  storage.setItem("desk:unsent:ann:t:c", JSON.stringify({ ticketId: "t", message: long, order: 1 }));
  const tab = server.tab({ storage, tokens: server.pair("ann") });
  await tab.socket.arrive();
  await tab.ticket("t").send("hello");
  assert.deepEqual(server.posted, ["hello"]);
  assert.deepEqual(unsent(storage), []);
});

test("a full storage holds up nothing", async () => {
  const server = new Sessions();
  const storage = new Storage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const tab = server.tab({ storage, tokens: server.pair("ann", "s", 1, -1) });
  const answer = tab.ticket("t").send("hello");
  await tab.socket.arrive();
  assert.equal((await answer).content, "hello");
});
