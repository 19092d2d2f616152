// The load on sockets. In: a line of JSON (what to connect, what to do), then one for each time that
// it is done (what is other than in the first). Out: a line of JSON when all are connected, and for
// each time one with what was found.
import { createInterface } from "node:readline";
import { connectAll } from "./crowd.mjs";
import { pause } from "./frames.mjs";
import { comeBack, join } from "./joins.mjs";
import { busy, chat, fanOut } from "./loads.mjs";
import { many } from "./many.mjs";

const idle = ({ seconds }) => pause(seconds * 1000);
const WORK = { busy, chat, fan_out: fanOut, idle, join, come_back: comeBack, many };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const wanted = JSON.parse((await lines.next()).value);
const began = performance.now();
const sockets = await connectAll(wanted);
const connected = { connected: sockets.length, seconds: (performance.now() - began) / 1000 };
console.log(JSON.stringify(connected));

for await (const changes of lines) {
  const report = await measured({ ...wanted, ...JSON.parse(changes) });
  console.log(JSON.stringify(report));
}

async function measured(work) {
  const found = { delivered: 0, expected: 0, wrong: 0, out_of_order: 0, took: [], acked: [] };
  const from = performance.now();
  const cpu = process.cpuUsage();
  await WORK[work.work](work, sockets, found);
  const { user, system } = process.cpuUsage(cpu);
  const closed = sockets.filter(({ ws }) => ws.readyState !== ws.OPEN).length;
  const seconds = (performance.now() - from) / 1000;
  const wrong = found.wrong + closed;
  return { acked_in: seconds, ...found, wrong, seconds, cpu: (user + system) / 1e6 };
}
