import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Drafts, named } from "../../../web/desk/drafts.js";

/** What localStorage is. */
class Kept {
  items = new Map();
  get length() {
    return this.items.size;
  }
  key(n) {
    return [...this.items.keys()][n] ?? null;
  }
  getItem(name) {
    return this.items.get(name) ?? null;
  }
  setItem(name, value) {
    this.items.set(name, value);
  }
  removeItem(name) {
    this.items.delete(name);
  }
}

/** The server's side, for one person on all their devices. */
class Stored {
  drafts = new Map();
  versions = 0;
  gate = Promise.resolve();

  async put(ticketId, { kind, content, base_seq }, version) {
    await this.gate;
    const name = named(ticketId, kind);
    const current = this.drafts.get(name);
    if (current && version && current.version !== version) {
      throw Object.assign(new Error(), { code: "draft_changed", body: { current } });
    }
    this.versions += 1;
    const ticket_id = ticketId;
    this.drafts.set(name, { ticket_id, kind, content, base_seq, version: this.versions });
    return { version: this.versions };
  }

  async remove(ticketId, kind) {
    this.drafts.delete(named(ticketId, kind));
  }

  async all() {
    return [...this.drafts.values()];
  }

  async get(ticketId) {
    return ["reply", "note"].flatMap((kind) => this.drafts.get(named(ticketId, kind)) ?? []);
  }
}

const turns = async () => {
  for (let n = 0; n < 20; n++) await Promise.resolve();
};

function device(kept = new Kept(), stored = new Stored()) {
  return { kept, stored, drafts: new Drafts(kept, "ann", stored) };
}

test.beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
test.afterEach(() => mock.timers.reset());

async function pause() {
  mock.timers.tick(1000);
  await turns();
}

test("a reply and a note are two drafts, and both survive a reload", () => {
  const { kept, drafts } = device();
  drafts.write("t", "reply", "Dear", 4);
  drafts.write("t", "reply", "Dear Bob", 9);
  drafts.write("t", "note", "a hard one", 9);
  const again = device(kept).drafts;
  assert.equal(again.get("t", "reply").content, "Dear Bob");
  assert.equal(again.get("t", "reply").base, 4);
  assert.equal(again.get("t", "note").content, "a hard one");
  assert.deepEqual([...again.tickets.value], ["t"]);
  assert.equal(new Drafts(kept, "another", new Stored()).get("t", "reply"), undefined);
});

test("the server has it after a pause, and another device sees it", async () => {
  const { stored, drafts } = device();
  drafts.write("t", "reply", "D", 1);
  drafts.write("t", "reply", "Dear", 1);
  await pause();
  assert.equal(stored.versions, 1);
  const other = device(new Kept(), stored).drafts;
  await other.fetch("t");
  assert.equal(other.get("t", "reply").content, "Dear");
  assert.equal(other.replaced.value[named("t", "reply")], 1);
});

test("of two texts none is lost: the person chooses", async () => {
  const { stored, drafts } = device();
  drafts.write("t", "reply", "Dear", 1);
  await pause();
  const other = device(new Kept(), stored).drafts;
  await other.fetch("t");
  other.write("t", "reply", "Dear Bob", 1);
  await pause();
  drafts.write("t", "reply", "Dear Ann", 1);
  await pause();
  assert.equal(drafts.conflicts.value[named("t", "reply")].content, "Dear Bob");
  assert.equal(drafts.get("t", "reply").content, "Dear Ann");
  drafts.choose("t", "reply", "mine");
  await pause();
  assert.equal(stored.drafts.get(named("t", "reply")).content, "Dear Ann");
  await other.fetch("t");
  assert.equal(other.get("t", "reply").content, "Dear Ann");
});

test("a copy that is under way does not come back after the message", async () => {
  const { kept, stored, drafts } = device();
  let open;
  stored.gate = new Promise((done) => {
    open = done;
  });
  drafts.write("t", "reply", "Dear", 1);
  await pause();
  drafts.posted("t", "reply");
  open();
  await turns();
  assert.equal(stored.drafts.size, 0);
  assert.equal(drafts.get("t", "reply"), undefined);
  assert.equal(kept.length, 0);
});

test("an emptied text is no draft, here and there", async () => {
  const { kept, stored, drafts } = device();
  drafts.write("t", "reply", "Dear", 1);
  await pause();
  drafts.write("t", "reply", "", 1);
  await pause();
  assert.equal(stored.drafts.size, 0);
  assert.equal(kept.length, 0);
  assert.equal(drafts.tickets.value.size, 0);
});

test("what was sent on another device goes here, but not what was written since", async () => {
  const { stored, drafts } = device();
  drafts.write("t", "reply", "Dear", 1);
  drafts.write("t", "note", "hm", 1);
  await pause();
  drafts.write("t", "note", "hmm", 1);
  stored.drafts.clear();
  await drafts.fetch("t");
  assert.equal(drafts.get("t", "reply"), undefined);
  assert.equal(drafts.get("t", "note").content, "hmm");
});

test("who signs out leaves nothing in the browser that the server has", async () => {
  const { kept, stored, drafts } = device();
  drafts.write("t", "reply", "Dear", 1);
  const left = drafts.leave();
  await turns();
  await left;
  assert.equal(stored.drafts.get(named("t", "reply")).content, "Dear");
  assert.equal(kept.length, 0);
});

test("without the server it stays in the browser", async () => {
  const { kept, stored, drafts } = device();
  stored.put = () => Promise.reject(new Error("offline"));
  drafts.write("t", "reply", "Dear", 1);
  await pause();
  await drafts.leave();
  assert.equal(new Drafts(kept, "ann", stored).get("t", "reply").content, "Dear");
});
