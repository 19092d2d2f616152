/** A DeskClient that is driven by JSON lines on stdin and tells what it sees on stdout. */
import { createInterface } from "node:readline";
import { DeskClient } from "../index.js";

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const { ticket_id, ...options } = JSON.parse((await lines.next()).value);
const client = new DeskClient({ ...options, onTokens: () => tell({ on: "tokens" }) });
for (const name of ["connected", "disconnected", "signed_out"]) {
  client.on(name, (what) => tell({ on: name, what }));
}
const ticket = client.ticket(ticket_id);
ticket.on("live", () => tell({ on: "live" }));
ticket.on("refused", ({ code }) => tell({ on: "refused", code }));
ticket.on("presence", ({ viewers }) => tell({ on: "presence", viewers }));

async function show() {
  for await (const event of ticket.events()) tell({ on: "event", event });
}
show();

for await (const line of lines) {
  const { content, typing, binary } = JSON.parse(line);
  if (typing) ticket.typing();
  else {
    ticket.send(binary ? new Uint8Array(binary) : content).then(
      ({ seq }) => tell({ on: "stored", content, seq }),
      ({ code }) => tell({ on: "not_stored", content, code }),
    );
  }
}
client.close();
