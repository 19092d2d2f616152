// Peer: Node's Socket.IO with the Redis adapter, and a chat that pg keeps.
import { createAdapter } from "@socket.io/redis-adapter";
import { createServer } from "node:http";
import jwt from "jsonwebtoken";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

const { DATABASE_URL, REDIS_URL, JWT_SECRET_KEY, PORT } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 });
const publisher = createClient({ url: REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect(), pool.query("select 1")]);

const http = createServer((_, response) => response.end("{}"));
const io = new Server(http, { adapter: createAdapter(publisher, subscriber) });
const tickets = io.of("/tickets");
const expected = { algorithms: ["HS256"], audience: "ticket-desk", issuer: "ticket-desk" };
const staff = ["csr", "admin"];

tickets.use(async (socket, next) => {
  try {
    const claims = jwt.verify(socket.handshake.auth.token, JWT_SECRET_KEY, expected);
    const found = await pool.query("select role from users where id = $1 and is_active", [
      claims.sub,
    ]);
    if (found.rowCount === 0) throw new Error("no account");
    socket.data.user = { id: claims.sub, role: found.rows[0].role };
    next();
  } catch {
    next(new Error("not authenticated"));
  }
});

// One transaction: the number under the ticket's row lock, the message, the other side's
// notification.
async function post(user, { ticket_id: ticketId, client_id: clientId, content }) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const moved = await client.query(
      `update tickets set last_seq = last_seq + 1, updated_at = now()
       where id = $1 and (user_id = $2 or $3) and status <> 'closed' returning *`,
      [ticketId, user.id, staff.includes(user.role)],
    );
    if (moved.rowCount === 0) throw new Error("ticket not found");
    const { words, ...ticket } = moved.rows[0];
    const stored = await client.query(
      `insert into events (ticket_id, seq, kind, actor_id, client_id, content)
       values ($1, $2, 'message_posted', $3, $4, $5) returning id, at`,
      [ticketId, ticket.last_seq, user.id, clientId, content],
    );
    const told = user.id === ticket.user_id ? ticket.assigned_to_id : ticket.user_id;
    if (told && told !== user.id) {
      await client.query(
        `insert into notifications (user_id, kind, ticket_id, actor_id)
         values ($1, 'message_posted', $2, $3)`,
        [told, ticketId, user.id],
      );
    }
    await client.query("commit");
    const { id, at } = stored.rows[0];
    const data = { id, client_id: clientId, content };
    const seq = Number(ticket.last_seq);
    const event = { ticket_id: ticketId, seq, kind: "message_posted", actor_id: user.id, at, data };
    return { event, ticket, told };
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

tickets.on("connection", (socket) => {
  const { user } = socket.data;
  const isStaff = staff.includes(user.role);
  socket.join(`user:${user.id}`);
  if (isStaff) socket.join("staff");

  socket.on("join_ticket", async ({ ticket_id: ticketId }, done) => {
    const found = await pool.query("select 1 from tickets where id = $1 and (user_id = $2 or $3)", [
      ticketId,
      user.id,
      isStaff,
    ]);
    if (found.rowCount === 0) return done({ ok: false, error: "ticket_not_found" });
    socket.join(ticketId);
    return done({ ok: true });
  });

  socket.on("post_message", async (message, done) => {
    try {
      const { event, ticket, told } = await post(user, message);
      tickets.to(message.ticket_id).emit("timeline", event);
      tickets.to(["staff", `user:${ticket.user_id}`]).emit("ticket_changed", ticket);
      if (told) tickets.to(`user:${told}`).emit("notification", { ticket_id: ticket.id });
      done({ ok: true, data: event });
    } catch (error) {
      done({ ok: false, error: error.message });
    }
  });

  socket.on("typing", ({ ticket_id: ticketId, active }) => {
    if (!socket.rooms.has(ticketId)) return;
    socket.to(ticketId).emit("typing", { ticket_id: ticketId, user_id: user.id, active });
  });
});

http.listen(Number(PORT), "127.0.0.1");
