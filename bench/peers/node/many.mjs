// Many rooms, and who is told of the messages in them.
import { EVENT, pause } from "./frames.mjs";

// A prime: the next message is in a room, of an agent, far from the one before.
const STRIDE = 7919;
const LOOK_MS = 10;
const MOST_PARSED = 256;

// The first member of a room posts; a room gets one message at most. Each member has to get its
// event once, and, once at least, the first member and those of `told` (null: all `watchers`) that
// the ticket has changed. Nobody else may.
export async function many({ rooms, watchers, rate, seconds, patience }, sockets, found) {
  Object.assign(found, { changes: 0, changes_to_customers: 0, changes_again: 0, others: 0 });
  const run = `${process.pid}-${Date.now()}`;
  const posts = new Map();
  const tickets = new Tickets();
  sockets.forEach((socket, member) => {
    socket.onEvent = (frame) => {
      const now = performance.now();
      if (frame.startsWith('["timeline"', EVENT.length)) {
        const [, event] = JSON.parse(frame.slice(EVENT.length));
        const post = posts.get(event.data.content);
        if (post === undefined || !post.missing.delete(member)) found.wrong += 1;
        else found.took.push(now - post.sentAt);
      } else if (frame.startsWith('["ticket_changed"', EVENT.length)) {
        const { id, last_message: said } = tickets.read(frame);
        const post = posts.get(said?.preview);
        if (post?.room.ticket_id !== id) found.others += 1;
        else post.show(member, found);
      } else {
        found.others += 1;
      }
    };
  });
  const count = Math.min(Math.round(rate * seconds), rooms.length);
  const began = performance.now();
  const answers = [];
  for (let n = 0; n < count; n += 1) {
    await pause(began + (n * 1000) / rate - performance.now());
    const room = rooms[(n * STRIDE) % rooms.length];
    const content = `${run} ${n}`;
    const post = new Post(room, room.told ?? watchers);
    posts.set(content, post);
    const message = { ticket_id: room.ticket_id, client_id: content, content };
    const answer = sockets[room.members[0]].call("post_message", message);
    answers.push(answer.then((ack) => {
      if (ack.ok) found.acked.push(performance.now() - post.sentAt);
      else found.wrong += 1;
    }));
  }
  await Promise.all(answers);
  found.acked_in = (performance.now() - began) / 1000;
  const until = performance.now() + patience * 1000;
  for (const { missing, untold } of posts.values()) {
    while (missing.size + untold.size > 0 && performance.now() < until) await pause(LOOK_MS);
    found.wrong += missing.size + untold.size;
  }
}

class Post {
  constructor(room, told) {
    this.room = room;
    this.sentAt = performance.now();
    this.missing = new Set(room.members);
    this.untold = new Set([room.members[0], ...told]);
    this.told = new Set();
  }

  // The member was told that the ticket has changed.
  show(member, found) {
    if (this.told.has(member)) found.changes_again += 1;
    else if (!this.untold.delete(member)) found.wrong += 1;
    else if (member === this.room.members[0]) found.changes_to_customers += 1;
    else found.changes += 1;
    this.told.add(member);
  }
}

// Reads a ticket once, however many are told of it.
class Tickets {
  constructor() {
    this.parsed = new Map();
  }

  read(frame) {
    let ticket = this.parsed.get(frame);
    if (ticket === undefined) {
      if (this.parsed.size === MOST_PARSED) this.parsed.clear();
      [, ticket] = JSON.parse(frame.slice(EVENT.length));
      this.parsed.set(frame, ticket);
    }
    return ticket;
  }
}
