// What the sockets do once they are connected. A delivery counts only where the frame is exactly
// what that member has to get next.
import { EVENT, pause } from "./frames.mjs";

const STALLED_MS = 3000;

// Each room gets `rate` messages a second, each sent after the acknowledgement of the one before.
export async function chat({ rooms, rate, seconds }, sockets, found) {
  const run = `${process.pid}-${Date.now()}`;
  const talks = new Map(rooms.map((room) => [room.ticket_id, new Talk(run, room.members)]));
  sockets.forEach((socket, member) => {
    socket.onEvent = (frame) => {
      if (!frame.startsWith('["timeline"', EVENT.length)) return;
      const now = performance.now();
      const [, event] = JSON.parse(frame.slice(EVENT.length));
      talks.get(event.ticket_id).take(member, event, now, found);
    };
  });
  const began = performance.now();
  const say = async ({ ticket_id: ticketId, members }, number) => {
    const { sentAt } = talks.get(ticketId);
    const first = began + (1000 / rate) * (number / rooms.length);
    for (let n = 0; ; n += 1) {
      const due = first + (n * 1000) / rate;
      if (due - began >= seconds * 1000) return;
      await pause(due - performance.now());
      const content = `${run} ${n}`;
      sentAt.push(performance.now());
      const message = { ticket_id: ticketId, client_id: content, content };
      const ack = await sockets[members[n % members.length]].call("post_message", message);
      if (!ack.ok) throw new Error(JSON.stringify(ack));
      found.acked.push(performance.now() - sentAt[n]);
      found.expected += members.length;
    }
  };
  await Promise.all(rooms.map(say));
  await allTaken(found);
}

// Waits for what is still under way, and counts what does not come.
async function allTaken(found) {
  const patience = performance.now() + STALLED_MS;
  while (found.took.length < found.expected && performance.now() < patience) await pause(5);
  found.wrong += found.expected - found.took.length;
}

// Each member of each room posts as soon as it is answered. Each message has to come to each member
// once; how many come before one with a lower number is counted apart.
export async function busy({ rooms, seconds }, sockets, found) {
  const run = `${process.pid}-${Date.now()}`;
  const sentAt = new Map();
  const newest = sockets.map(() => 0);
  const shown = sockets.map(() => new Set());
  sockets.forEach((socket, member) => {
    socket.onEvent = (frame) => {
      if (!frame.startsWith('["timeline"', EVENT.length)) return;
      const now = performance.now();
      const [, { seq, data }] = JSON.parse(frame.slice(EVENT.length));
      if (!sentAt.has(data.content) || shown[member].has(seq)) {
        found.wrong += 1;
        return;
      }
      shown[member].add(seq);
      if (seq < newest[member]) found.out_of_order += 1;
      newest[member] = Math.max(seq, newest[member]);
      found.took.push(now - sentAt.get(data.content));
    };
  });
  const began = performance.now();
  const say = async (ticketId, member, size) => {
    for (let n = 0; performance.now() - began < seconds * 1000; n += 1) {
      const content = `${run} ${member} ${n}`;
      sentAt.set(content, performance.now());
      const message = { ticket_id: ticketId, client_id: content, content };
      const ack = await sockets[member].call("post_message", message);
      if (!ack.ok) throw new Error(JSON.stringify(ack));
      found.acked.push(performance.now() - sentAt.get(content));
      found.expected += size;
    }
  };
  const talks = rooms.flatMap(({ ticket_id: ticketId, members }) =>
    members.map((member) => say(ticketId, member, members.length)),
  );
  await Promise.all(talks);
  found.acked_in = (performance.now() - began) / 1000;
  await allTaken(found);
}

// What each member of a room has been shown so far.
class Talk {
  constructor(run, members) {
    this.run = run;
    this.sentAt = [];
    this.next = new Map(members.map((member) => [member, { n: 0, seq: null }]));
  }

  take(member, event, now, found) {
    const mine = this.next.get(member);
    const follows = mine.seq === null || event.seq === mine.seq + 1;
    if (event.kind !== "message_posted" || event.data.content !== `${this.run} ${mine.n}` || !follows) {
      found.wrong += 1;
      return;
    }
    found.took.push(now - this.sentAt[mine.n]);
    mine.n += 1;
    mine.seq = event.seq;
  }
}

// One event at a time in each room, so that no two to the same socket can share a write. Members
// send in turns, each at most `rate` times a second: the product's limit, kept with all servers.
export async function fanOut({ rooms, rate, seconds }, sockets, found) {
  const end = performance.now() + seconds * 1000;
  const talk = async ({ ticket_id: ticketId, members }) => {
    const inside = members.map((member) => sockets[member]);
    const gap = 1000 / (rate * inside.length);
    for (let n = 0; performance.now() < end; n += 1) {
      const began = performance.now();
      const active = Math.floor(n / inside.length) % 2 === 0;
      await spread(inside, inside[n % inside.length], { ticket_id: ticketId, active }, found);
      found.took.push(performance.now() - began);
      if (gap > performance.now() - began) await pause(began + gap - performance.now());
    }
  };
  await Promise.all(rooms.map(talk));
}

// Resolves when all the others have the event. The first frame is read, the others must equal it.
function spread(inside, sender, typing, found) {
  return new Promise((resolve) => {
    const missing = new Set(inside);
    missing.delete(sender);
    let shown = null;
    const stalled = setTimeout(() => {
      found.wrong += missing.size;
      resolve();
    }, STALLED_MS);
    for (const socket of inside) {
      socket.onEvent = (frame) => {
        if (!frame.startsWith('["typing"', EVENT.length)) return;
        if (shown === null && says(frame, sender, typing)) shown = frame;
        if (frame !== shown || !missing.delete(socket)) {
          found.wrong += 1;
          return;
        }
        found.delivered += 1;
        if (missing.size === 0) {
          clearTimeout(stalled);
          resolve();
        }
      };
    }
    sender.emit("typing", typing);
  });
}

function says(frame, sender, typing) {
  const [, data] = JSON.parse(frame.slice(EVENT.length));
  const { ticket_id: ticketId, user_id: userId, active } = data;
  return ticketId === typing.ticket_id && userId === sender.userId && active === typing.active;
}
