// Sockets that join: again, or after their process has died.
import { each } from "./crowd.mjs";
import { EVENT, pause } from "./frames.mjs";
import { Socket } from "./socket.mjs";

const AGAIN_MS = 100;
// What a socket had been shown of its ticket before.
const SEEN = 3;

// Each member joins so many times. It has to be sent all events, in order, before the answer.
export async function join({ rooms, rate }, sockets, found) {
  const again = async (ticketId, socket) => {
    let shown = [];
    socket.onEvent = (frame) => {
      if (frame.startsWith('["timeline"', EVENT.length)) shown.push(frame);
    };
    for (let n = 0; n < rate; n += 1) {
      shown = [];
      const began = performance.now();
      const ack = await socket.call("join_ticket", { ticket_id: ticketId });
      found.took.push(performance.now() - began);
      const numbers = shown.map((frame) => JSON.parse(frame.slice(EVENT.length))[1].seq);
      const isWhole = ack.ok && numbers.length === ack.data.seq;
      if (!isWhole || numbers.some((seq, at) => seq !== at + 1)) found.wrong += 1;
    }
  };
  const members = rooms.flatMap((room) => room.members.map((n) => [room.ticket_id, sockets[n]]));
  await Promise.all(members.map((member) => again(...member)));
}

// All lose their connection, and join elsewhere, so many at a time. Told for each: how long after
// the first was lost it was back.
export async function comeBack({ to, tokens, rooms, seconds, at_once: atOnce }, sockets, found) {
  const lost = sockets.map(({ ws }) => new Promise((resolve) => ws.once("close", resolve)));
  await Promise.race(lost);
  const began = performance.now();
  // A client of `ws` may wait half a minute for the rest of a close: the process is dead for all.
  for (const { ws } of sockets) ws.terminate();
  const back = (ticketId, index) => async () => {
    while (performance.now() < began + seconds * 1000) {
      try {
        const socket = await new Socket(to, tokens[index]).ready;
        sockets[index] = socket;
        const ack = await socket.call("join_ticket", { ticket_id: ticketId, after: SEEN });
        if (ack.ok) {
          found.took.push(performance.now() - began);
          return;
        }
      } catch {
        // Refused; as a client does, it tries again.
      }
      await pause(AGAIN_MS);
    }
    found.wrong += 1;
  };
  const coming = rooms.map(({ ticket_id: ticketId, members: [index] }) => back(ticketId, index));
  await each(coming, atOnce);
}
