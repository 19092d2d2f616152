/** Whatever comes in whatever order: the list is what the server would answer now. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { matching } from "../../../web/desk/store/match.js";
import { comparing } from "../../../web/desk/store/order.js";
import { Tickets } from "../../../web/desk/store/tickets.js";
import { View } from "../../../web/desk/store/view.js";

const ME = "me";
const PAGE = 5;

/** A generator of numbers that says them again for the same seed (mulberry32). */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The server: its tickets, and what it tells of each change. */
class Desk {
  now = 1000;
  tickets = new Map();

  constructor(pick) {
    this.pick = pick;
  }

  open() {
    const number = this.tickets.size + 1;
    this.tickets.set(`t${number}`, {
      id: `t${number}`,
      number,
      status: "open",
      assigned_to_id: this.pick(2) ? ME : null,
      priority: null,
      tags: [],
      waiting_on: "staff",
      created_at: this.#time(),
      updated_at: this.#time(),
      version: 1,
      seq: 1,
      unread: 0,
    });
    return this.tickets.get(`t${number}`);
  }

  change() {
    const old = [...this.tickets.values()][this.pick(this.tickets.size)];
    const changes = [
      () => ({ status: ["open", "in_progress", "resolved"][this.pick(3)] }),
      () => ({ assigned_to_id: [ME, "other", null][this.pick(3)] }),
      () => ({ priority: ["low", "urgent", null][this.pick(3)] }),
      () => ({ waiting_on: ["staff", "customer"][this.pick(2)], unread: old.unread + 1 }),
    ];
    const row = {
      ...old,
      ...changes[this.pick(changes.length)](),
      version: old.version + 1,
      updated_at: this.#time(),
    };
    this.tickets.set(row.id, row);
    return row;
  }

  list(query) {
    const matches = matching(query, ME);
    return [...this.tickets.values()].filter(matches).sort(comparing(query.sort));
  }

  page(query, after) {
    const compare = comparing(query.sort);
    const all = this.list(query).filter((row) => !after || compare(row, after) > 0);
    return { rows: all.slice(0, PAGE), next: all.length > PAGE ? all[PAGE - 1] : null };
  }

  #time() {
    // Several at one time, so that the id has to decide as well.
    this.now += this.pick(2);
    return `2026-01-01T00:00:00.${this.now}Z`;
  }
}

/** One view, its pages and the events of its tickets, each underway for a while. */
class Browser {
  store = new Tickets();
  underway = [];

  constructor(desk, query, pick) {
    Object.assign(this, { desk, query, pick });
    this.view = new View(this.store, query, ME);
    this.view.begin();
    this.store.show(this.view);
    this.ask(null);
  }

  ask(after) {
    if (this.isAsking) return;
    this.isAsking = true;
    const asOf = this.store.stamp();
    const { rows, next } = this.desk.page(this.query, after);
    this.underway.push(() => {
      this.isAsking = false;
      this.store.putAll(rows, asOf);
      this.view.page(rows, { next, isFirst: after === null });
    });
  }

  hear(row) {
    this.underway.push(() => this.store.put(row));
  }

  arrive() {
    if (this.underway.length) this.underway.splice(this.pick(this.underway.length), 1)[0]();
  }

  step() {
    switch (this.pick(8)) {
      case 0:
        return this.hear(this.desk.open());
      case 1:
      case 2:
        return this.hear(this.desk.change());
      case 3:
        if (this.view.next) this.ask(this.view.next);
        return null;
      case 4:
        return this.view.isFrozen ? this.view.thaw() : this.view.freeze("pointer");
      default:
        return this.arrive();
    }
  }

  settle() {
    while (this.underway.length) this.arrive();
    this.view.thaw();
  }
}

const QUERIES = [
  { status: ["open", "in_progress"], assigned_to: "me", waiting_on: "staff", sort: "-updated_at" },
  { status: ["open", "in_progress"], unassigned: true, sort: "created_at" },
  { status: "resolved", sort: "-priority" },
  { sort: "-number" },
];

test("a snapshot and the events since are as a new snapshot", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const pick = random(seed);
    const desk = new Desk(pick);
    for (let n = 0; n < 12; n++) desk.open();
    const query = QUERIES[seed % QUERIES.length];
    const browser = new Browser(desk, query, pick);
    for (let n = 0; n < 80; n++) browser.step();
    browser.settle();
    const { view } = browser;
    const end = view.next;
    const compare = comparing(query.sort);
    const fresh = desk.list(query).filter((row) => !end || compare(row, end) <= 0);
    const ids = fresh.map(({ id }) => id);
    assert.deepEqual(view.shown, ids, `seed ${seed}`);
    for (const row of fresh) assert.deepEqual(browser.store.peek(row.id), row, `seed ${seed}`);
  }
});

const row = (number, more = {}) => ({
  id: `t${number}`,
  number,
  status: "open",
  assigned_to_id: ME,
  priority: null,
  tags: [],
  created_at: `2026-01-01T00:00:0${number}Z`,
  updated_at: `2026-01-01T00:00:0${number}Z`,
  version: 1,
  unread: 0,
  ...more,
});

function listed(query, ...rows) {
  const store = new Tickets();
  const view = new View(store, query, ME);
  view.begin();
  store.show(view);
  store.putAll(rows, store.stamp());
  view.page(rows, { next: null, isFirst: true });
  return { store, view };
}

test("an own change shows at once, is kept over what the server says of others, and ends", () => {
  const { store, view } = listed({ status: "open" }, row(1), row(2));
  const pending = store.begin("t1", { status: "resolved" });
  assert.deepEqual(view.shown, ["t2"]);
  store.put(row(1, { version: 2, priority: "high" }));
  assert.equal(store.peek("t1").status, "resolved");
  assert.equal(store.peek("t1").priority, "high");
  store.settle("t1", pending);
  assert.equal(store.peek("t1").status, "open");
  assert.deepEqual(view.shown, ["t2", "t1"]);
});

test("nothing moves while the order is frozen, but what one does oneself", () => {
  const { store, view } = listed({ status: "open", sort: "-updated_at" }, row(2), row(1));
  view.freeze("pointer");
  store.put(row(1, { version: 2, updated_at: "2026-01-01T00:00:09Z" }));
  store.put(row(3));
  assert.deepEqual(view.shown, ["t2", "t1"]);
  assert.equal(view.held.value, 2);
  store.begin("t2", { status: "resolved" });
  assert.deepEqual(view.shown, ["t1"]);
  view.thaw();
  assert.deepEqual(view.shown, ["t1", "t3"]);
  assert.equal(view.held.value, 0);
});

test("the order is frozen for as long as there is a reason", () => {
  const { store, view } = listed({ status: "open" }, row(2), row(1));
  view.freeze("pointer");
  view.freeze("key");
  store.put(row(3));
  view.thaw("key");
  assert.deepEqual(view.shown, ["t2", "t1"]);
  view.thaw("pointer");
  assert.deepEqual(view.shown, ["t3", "t2", "t1"]);
});

test("an answer that was asked for before does not bring back what is read since", () => {
  const { store } = listed({}, row(1, { unread: 3 }));
  const asOf = store.stamp();
  store.read("t1", 0);
  store.put(row(1, { unread: 3 }), { asOf });
  assert.equal(store.peek("t1").unread, 0);
  store.put(row(1, { unread: 1, version: 2 }), { asOf });
  assert.equal(store.peek("t1").unread, 1);
});

test("what no view shows is forgotten in the end", () => {
  const { store } = listed({ status: "resolved" }, row(1, { status: "resolved" }));
  for (let number = 10; number < 10_010; number++) store.put(row(number));
  assert.ok(store.size <= 4001, String(store.size));
  assert.ok(store.peek("t1"));
});

test("times are compared to the microsecond", () => {
  const compare = comparing("created_at");
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.100001Z"];
  const rows = times.map((created_at, n) => row(n, { created_at }));
  assert.deepEqual(rows.toReversed().sort(compare), rows);
});
