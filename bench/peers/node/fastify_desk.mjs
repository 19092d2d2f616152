// Peer for REST: Fastify with its schemas and its log, pg's prepared statements, one statement for
// each request, the session looked up once a second; the same answers as the product's.
import { randomUUID } from "node:crypto";
import Fastify from "fastify";
import { createVerifier } from "fast-jwt";
import pg from "pg";

const UUID = { type: "string", format: "uuid" };
const WORDS = (maxLength) => ({ type: "string", minLength: 1, maxLength });
const PERSON = { type: ["object", "null"], properties: { id: UUID, full_name: { type: "string" } } };
const TIMES = ["created_at", "updated_at", "first_response_at", "resolved_at", "closed_at"];
const NULLS = ["priority", "assigned_to_id", "team_id", "snoozed_until", "merged_into_id", "waiting_on"];
const many = (names, schema) => Object.fromEntries(names.map((name) => [name, schema]));
const ROW = {
  type: "object",
  properties: {
    id: UUID,
    number: { type: "integer" },
    ...many(["title", "category", "type", "status", "user_id"], { type: "string" }),
    ...many([...NULLS, ...TIMES], { type: ["string", "null"] }),
    tags: { type: "array", items: { type: "string" } },
    required_skills: { type: "array", items: { type: "string" } },
    fields: { type: "object", additionalProperties: true },
    ...many(["version", "seq", "unread"], { type: "integer" }),
    customer: PERSON,
    assignee: PERSON,
    last_message: {
      type: ["object", "null"],
      properties: many(["at", "by", "preview"], { type: "string" }),
    },
  },
};
const TICKET = { ...ROW, properties: { ...ROW.properties, description: { type: "string" } } };
const NEW_TICKET = {
  type: "object",
  required: ["title", "description", "category", "type"],
  additionalProperties: false,
  properties: {
    title: WORDS(200),
    description: WORDS(20_000),
    category: WORDS(64),
    type: WORDS(64),
  },
};
const NEW_MESSAGE = {
  type: "object",
  required: ["content"],
  additionalProperties: false,
  properties: { content: WORDS(10_000), client_id: WORDS(64) },
};

const SHOWN = `
  t.id, t.number, t.title, t.category, t.type, t.status, t.priority, t.tags, t.user_id,
  t.assigned_to_id, t.created_at, t.updated_at, t.first_response_at, t.resolved_at, t.closed_at,
  t.last_seq, t.last_message_from_staff,
  (select full_name from users where id = t.user_id) as customer_name,
  (select full_name from users where id = t.assigned_to_id) as assignee_name,
  (select json_build_object('at', e.at, 'preview', left(e.content, 200)) from events e
   where e.ticket_id = t.id and e.seq = t.last_message_seq) as last_message,
  (select count(*)::int from events e where e.ticket_id = t.id and e.kind = 'message_posted'
   and e.actor_id <> $1 and e.seq > coalesce((
     select r.seq from read_cursors r where r.user_id = $1 and r.ticket_id = t.id), 0)) as unread`;
const SESSION = "select id, role, full_name from users where id = $1 and is_active";
const LIST = `select ${SHOWN} from tickets t where t.user_id = $1
  order by t.created_at desc, t.id desc limit $2`;
const ONE = `select ${SHOWN}, t.description from tickets t where t.user_id = $1 and t.id = $2`;
const OPEN = `
  with ticket as (
    insert into tickets (title, description, category, type, user_id, last_seq)
    values ($2, $3, $4, $5, $1, 1) returning *
  ), said as (
    insert into events (ticket_id, seq, kind, actor_id) select id, 1, 'ticket_created', $1 from ticket
  )
  select t.*, u.full_name as customer_name, 0 as unread from ticket t, users u where u.id = $1`;
const POST = `
  with ticket as materialized (
    select * from tickets where id = $2 and user_id = $1 and status <> 'closed' for no key update
  ), said as (
    insert into events (ticket_id, seq, id, kind, actor_id, at, client_id, content)
    select id, last_seq + 1, $5, 'message_posted', $1, clock_timestamp(), $4, $3 from ticket
    returning ticket_id, seq, at
  ), moved as (
    update tickets set last_seq = said.seq, updated_at = said.at, last_message_seq = said.seq,
      last_message_from_staff = false
    from said where id = said.ticket_id
  ), told as (
    insert into notifications (user_id, kind, ticket_id, actor_id)
    select assigned_to_id, 'message_posted', id, $1 from ticket where assigned_to_id is not null
  )
  select seq, at from said`;

const app = Fastify({ logger: true, bodyLimit: 256 * 1024 });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const sessions = new Map();
const verify = createVerifier({
  key: process.env.JWT_SECRET_KEY,
  algorithms: ["HS256"],
  allowedAud: "ticket-desk",
  allowedIss: "ticket-desk",
  cache: 10_000,
});
const run = (name, text, values) => pool.query({ name, text, values });
const refused = (statusCode, detail) => Object.assign(new Error(detail), { statusCode });

async function person(header) {
  let claims;
  try {
    claims = verify((header ?? "").slice("Bearer ".length));
  } catch {
    throw refused(401, "The token is not valid");
  }
  const seen = sessions.get(claims.sid);
  const now = Date.now();
  if (seen && now - seen.at < 1_000) return seen.user;
  const { rows } = await run("session", SESSION, [claims.sub]);
  if (!rows.length) throw refused(401, "The session is over");
  sessions.set(claims.sid, { at: now, user: rows[0] });
  return rows[0];
}

const iso = (time) => time && time.toISOString();
const named = (id, full_name) => (id ? { id, full_name } : null);
const isActive = (status) => status !== "resolved" && status !== "closed";

function shown(row) {
  const side = row.last_message_from_staff ? "staff" : "customer";
  for (const name of TIMES) row[name] = iso(row[name]);
  row.customer = named(row.user_id, row.customer_name);
  row.assignee = named(row.assigned_to_id, row.assignee_name);
  row.version = row.seq = Number(row.last_seq);
  row.last_message = row.last_message ? { ...row.last_message, by: side } : null;
  row.waiting_on = isActive(row.status) ? (row.last_message_from_staff ? "customer" : "staff") : null;
  row.fields = {};
  row.required_skills = [];
  row.team_id = row.snoozed_until = row.merged_into_id = null;
  return row;
}

app.decorateRequest("user", null);
app.get("/health/ready", async () => ({ ready: (await pool.query("select 1")).rowCount }));
app.register(async (own) => {
  own.addHook("onRequest", async (request) => {
    request.user = await person(request.headers.authorization);
  });
  const page = { type: "object", properties: { limit: { type: "integer", minimum: 1, maximum: 100 } } };
  const path = { type: "object", properties: { id: UUID } };
  const schemas = {
    list: { querystring: page, response: { 200: { type: "array", items: ROW } } },
    one: { params: path, response: { 200: TICKET } },
    open: { body: NEW_TICKET, response: { 201: TICKET } },
    post: { params: path, body: NEW_MESSAGE },
  };
  own.get("/users/tickets", { schema: schemas.list }, async (request) => {
    const { rows } = await run("list", LIST, [request.user.id, request.query.limit ?? 20]);
    return rows.map(shown);
  });
  own.get("/users/tickets/:id", { schema: schemas.one }, async (request) => {
    const { rows } = await run("one", ONE, [request.user.id, request.params.id]);
    if (!rows.length) throw refused(404, "Ticket not found");
    return shown(rows[0]);
  });
  own.post("/users/tickets", { schema: schemas.open }, async (request, reply) => {
    const { title, description, category, type } = request.body;
    const given = [request.user.id, title, description, category, type];
    const { rows } = await run("open", OPEN, given);
    reply.code(201);
    return shown(rows[0]);
  });
  own.post("/tickets/:id/messages", { schema: schemas.post }, async (request, reply) => {
    const { content, client_id = null } = request.body;
    const { user, params } = request;
    const id = randomUUID();
    const { rows } = await run("post", POST, [user.id, params.id, content, client_id, id]);
    if (!rows.length) throw refused(404, "Ticket not found");
    reply.code(201);
    const seq = Number(rows[0].seq);
    const said = { id, ticket_id: params.id, seq, kind: "message_posted", at: iso(rows[0].at) };
    return { ...said, actor: named(user.id, user.full_name), client_id, data: { content } };
  });
}, { prefix: "/api/v1" });
app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
