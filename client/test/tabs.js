/** Tabs of one browser, driven by JSON lines on stdin; what they see is told on stdout. */
import { createInterface } from "node:readline";
import { DeskClient } from "../index.js";
import { Locks, Storage } from "./browser.js";

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const shared = { storage: new Storage(), locks: new Locks() };
const tabs = new Map();

const doing = {
  open(name, options) {
    const onTokens = ({ refresh_token }) => say({ on: "tokens", tab: name, refresh_token });
    const client = new DeskClient({ ...options, ...shared, onTokens });
    for (const event of ["connected", "signed_out"]) {
      client.on(event, (what) => say({ on: event, tab: name, what }));
    }
    tabs.set(name, client);
  },
  send(name, { ticket_id, content }) {
    const tell = (on) => say({ on, tab: name, content });
    tabs.get(name).ticket(ticket_id).send(content).then(
      () => tell("stored"),
      () => tell("not_stored"),
    );
  },
  leave(name, { ticket_id }) {
    tabs.get(name).ticket(ticket_id).leave();
  },
  close(name) {
    tabs.get(name).close();
  },
  signOut(name) {
    tabs.get(name).signOut();
  },
  kept() {
    const { length } = shared.storage;
    say({ on: "kept", names: Array.from({ length }, (_, n) => shared.storage.key(n)) });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, tab, ...options } = JSON.parse(line);
  doing[what](tab, options);
}
for (const client of tabs.values()) client.close();
