// A stock socket.io-client, driven by JSON lines: what to do comes on stdin, all it sees goes out.
// The first line is {url, token, options}; each further one {id, event, args}, where
// {"$bytes": […]} stands for a Uint8Array.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const revived = (_, value) => (value?.$bytes ? new Uint8Array(value.$bytes) : value);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const { url, token, options } = JSON.parse((await lines.next()).value);
const socket = io(`${url}/tickets`, { auth: { token }, ...options });

socket.io.on("open", () => {
  const { engine } = socket.io;
  tell({ on: "transport", name: engine.transport.name });
  engine.on("upgrade", (transport) => tell({ on: "transport", name: transport.name }));
});
socket.on("connect", () => tell({ on: "connect" }));
socket.on("connect_error", ({ message, data }) => tell({ on: "connect_error", message, data }));
socket.on("disconnect", (reason) => tell({ on: "disconnect", reason }));
socket.onAny((event, ...args) => tell({ on: "event", event, args }));

for await (const line of lines) {
  const { id, event, args } = JSON.parse(line, revived);
  socket.emit(event, ...args, (...answer) => tell({ on: "ack", id, answer }));
}
socket.close();
process.exit(0);
