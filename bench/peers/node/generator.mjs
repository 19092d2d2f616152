// The load on sockets. In: a line of JSON (what to connect, what to do), then a line to begin.
// Out: a line of JSON when all are connected, a line of JSON with what was found.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { connectAll } from "./crowd.mjs";
import { comeBack, join } from "./joins.mjs";
import { chat, fanOut } from "./loads.mjs";
import { pause } from "./socket.mjs";

const idle = ({ seconds }) => pause(seconds * 1000);
const WORK = { chat, fan_out: fanOut, idle, join, come_back: comeBack };

const lines = createInterface({ input: process.stdin });
const [line] = await once(lines, "line");
const wanted = JSON.parse(line);
const began = performance.now();
const sockets = await connectAll(wanted);
console.log(JSON.stringify({ connected: sockets.length, seconds: (performance.now() - began) / 1000 }));

await once(lines, "line");
const found = { delivered: 0, expected: 0, wrong: 0, took: [], acked: [] };
const from = performance.now();
const cpu = process.cpuUsage();
await WORK[wanted.work](wanted, sockets, found);
const { user, system } = process.cpuUsage(cpu);
const closed = sockets.filter(({ ws }) => ws.readyState !== ws.OPEN).length;
const report = {
  ...found,
  wrong: found.wrong + closed,
  seconds: (performance.now() - from) / 1000,
  cpu: (user + system) / 1e6,
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
