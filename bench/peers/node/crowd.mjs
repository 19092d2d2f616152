// A crowd of sockets, connected and in their rooms.
import { PlainSocket } from "./plain.mjs";
import { Socket } from "./socket.mjs";

// Some at a time, as a crowd comes. A plain socket is in the one room that lists it. `watches`: which
// sockets say what they watch, and the views.
export async function connectAll({ url, tokens, rooms, watches = [], plain, at_once: atOnce }) {
  const sockets = tokens.map(() => null);
  const connect = (index, ticketId) => async () => {
    const socket = plain
      ? new PlainSocket(url, tokens[index], ticketId)
      : new Socket(url, tokens[index]);
    sockets[index] = await socket.ready;
  };
  const joins = rooms.flatMap((room) => room.members.map((member) => [room.ticket_id, member]));
  if (plain) {
    await each(joins.map(([ticketId, member]) => connect(member, ticketId)), atOnce);
    return sockets;
  }
  await each(tokens.map((_, index) => connect(index)), atOnce);
  const join = ([id, member]) => () => sockets[member].ask("join_ticket", { ticket_id: id });
  await each(joins.map(join), atOnce);
  const watch = ([member, views]) => () => sockets[member].ask("watch", { views, ticket_ids: [] });
  await each(watches.map(watch), atOnce);
  return sockets;
}

// Does all of it, so many at a time.
export async function each(work, atOnce) {
  const left = work.values();
  const worker = async () => {
    for (const next of left) await next();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
