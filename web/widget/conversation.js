// @ts-check
/** The conversation: what was said, what is being sent, what is unread. Only events change it. */
import { batch, signal } from "@preact/signals";
import { DeskClient, DeskError } from "ticket-desk-client";
import { ApiError } from "../shared/http.js";
import { tellUnread } from "./port.js";
import { accessToken, begin, call, end, identify, resume } from "./visitor.js";

/** @typedef {import("../../client/index.d.ts").TimelineEvent} TimelineEvent */
/** @typedef {import("./visitor.js").Ticket} Ticket */
/** @typedef {{id: string, content: string, state: "sending" | "failed"}} Pending */

/** What no second try changes. */
const REFUSED = new Set(["no_session", "invalid_identity", "cross_origin", "invalid"]);
const PAUSES = [500, 1000, 2000, 5000];
const FRAME = 16;
const WRITES_MS = 7000;
const LONGEST_TITLE = 200;

/** Whether it is known yet who is here. */
export const isReady = signal(false);
/** Whether the visitor has a session; with one, nobody asks for a name again. */
export const isKnown = signal(false);
/** @type {import("@preact/signals").Signal<Ticket | null>} */
export const ticket = signal(null);
/** @type {import("@preact/signals").Signal<TimelineEvent[]>} */
export const events = signal([]);
/** @type {import("@preact/signals").Signal<Pending[]>} */
export const pending = signal([]);
/** Names of the staff, by id. @type {import("@preact/signals").Signal<Record<string, string>>} */
export const names = signal({});
/** Who of them is writing. @type {import("@preact/signals").Signal<string | null>} */
export const writing = signal(null);
export const isLive = signal(false);
export const isOpen = signal(false);
/** Whether all that was said before is there. */
export const isWhole = signal(false);

/** @type {DeskClient | null} */
let client = null;
/** The room, while the frame is shown. @type {import("../../client/index.d.ts").Ticket | null} */
let room = null;
/** @type {TimelineEvent[]} */
let arrived = [];
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;
let last = 0;

/** What a conversation is filed under, as the server says. */
const labels = { category: "", type: "" };

/**
 * @param {string} category
 * @param {string} type
 */
export const fileUnder = (category, type) => Object.assign(labels, { category, type });

/** What came before, so that of two who are named the last one counts. */
let before = Promise.resolve();

/** Finds the conversation of before. */
export function start() {
  before = before.then(() => persist(async () => show((await resume()).ticket)));
}

/**
 * The site says who is here; null: nobody any more. Whom it cannot name is asked as before.
 *
 * @param {string | null} token
 */
export function become(token) {
  before = before.then(() => persist(() => (token === null ? leave() : named(token))));
}

/** @param {string} token */
async function named(token) {
  const found = (await identify(token)).ticket;
  // The conversation goes on that is shown already.
  if (isKnown.value && found && found.id === ticket.value?.id) return;
  client?.close();
  client = null;
  show(found);
}

async function leave() {
  await end();
  client?.close();
  forgotten();
  tellUnread(0);
}

/** Tries again for as long as nobody can be reached. @param {() => Promise<void>} work */
async function persist(work) {
  for (let tries = 0; ; tries++) {
    try {
      await work();
      break;
    } catch (error) {
      if (error instanceof ApiError && REFUSED.has(error.code)) break;
    }
    const pause = PAUSES[Math.min(tries, PAUSES.length - 1)];
    await new Promise((done) => setTimeout(done, pause));
  }
  isReady.value = true;
}

/**
 * @param {import("./visitor.js").First} first
 * @param {string} key
 */
export async function beginWith(first, key) {
  show((await begin(first, key)).ticket);
}

/**
 * One more conversation of somebody who is known.
 *
 * @param {string} message
 * @param {string} key
 */
export async function beginAnother(message, key) {
  const [first = ""] = message.trim().split("\n", 1);
  const title = [...first].slice(0, LONGEST_TITLE).join("");
  const { category, type } = labels;
  const fields = { title, description: message, category, type };
  show(await call("POST", "/users/tickets", fields, { "Idempotency-Key": key }));
}

/** @param {Ticket | null} found */
function show(found) {
  room?.leave();
  room = null;
  clearTimeout(drawing);
  arrived = [];
  last = 0;
  batch(() => {
    isKnown.value = true;
    ticket.value = found;
    events.value = [];
    pending.value = [];
    isWhole.value = false;
  });
  if (!found) return;
  client ??= connected();
  tellUnread(found.unread);
  if (isOpen.value) enter();
}

function connected() {
  const made = new DeskClient({ url: location.origin, getToken });
  made.on("connected", () => {
    isLive.value = true;
    if (!isOpen.value) lookAgain();
  });
  made.on("disconnected", () => {
    isLive.value = false;
  });
  made.on("ticket_changed", (changed) => {
    if (changed.id === ticket.value?.id) take(changed);
  });
  made.on("signed_out", forgotten);
  return made;
}

async function getToken() {
  try {
    return await accessToken();
  } catch (error) {
    const isOver = error instanceof ApiError && error.code === "no_session";
    throw new DeskError(isOver ? "no_session" : "unavailable");
  }
}

function forgotten() {
  client = null;
  room = null;
  batch(() => {
    isLive.value = false;
    isKnown.value = false;
    ticket.value = null;
    events.value = [];
  });
}

/** What a lost connection may have hidden while nobody was in the room. */
async function lookAgain() {
  const id = ticket.value?.id;
  if (id) await call("GET", `/users/tickets/${id}`).then(take, () => {});
}

/** @param {Partial<Ticket>} newer rows leave the description out */
function take(newer) {
  const before = ticket.value;
  if (!before || (newer.version ?? 0) < before.version) return;
  ticket.value = { ...before, ...newer };
  if (!isOpen.value) tellUnread(ticket.value.unread);
}

/** The frame is shown: in the room, from where it was left. */
export function opened() {
  isOpen.value = true;
  if (ticket.value) enter();
}

/** Who does not look is not in the room, and is told otherwise. */
export function closed() {
  isOpen.value = false;
  room?.leave();
  room = null;
}

function enter() {
  if (room || !client || !ticket.value) return;
  const entered = client.ticket(ticket.value.id, { after: last });
  room = entered;
  entered.on("event", (event) => {
    arrived.push(event);
    last = event.seq;
    drawing ??= setTimeout(draw, FRAME);
  });
  entered.on("live", ({ ticket: newest }) => {
    take(newest);
    learn(entered.viewers);
    draw();
    isWhole.value = true;
    entered.markRead();
    tellUnread(0);
  });
  entered.on("presence", ({ viewers }) => learn(viewers));
  entered.on("typing", ({ user_id, active }) => {
    clearTimeout(silence);
    writing.value = active ? user_id : null;
    if (active) silence = setTimeout(() => (writing.value = null), WRITES_MS);
  });
}

function draw() {
  clearTimeout(drawing);
  drawing = undefined;
  const fresh = arrived;
  arrived = [];
  const sent = new Set(fresh.map(({ data }) => ("client_id" in data ? data.client_id : null)));
  batch(() => {
    events.value = [...events.value, ...fresh];
    pending.value = pending.value.filter(({ id }) => !sent.has(id));
    if (fresh.some(({ actor_id }) => actor_id === writing.value)) writing.value = null;
  });
  if (isOpen.value) {
    room?.markRead();
    tellUnread(0);
  }
}

/** @param {{user_id: string, full_name: string}[]} people */
function learn(people) {
  const known = people.map(({ user_id, full_name }) => [user_id, full_name]);
  names.value = { ...names.value, ...Object.fromEntries(known) };
}

/** @param {string} content */
export function say(content) {
  deliver({ id: newKey(), content, state: "sending" });
}

/** @param {Pending} message one that was not sent */
export const sayAgain = (message) => deliver({ ...message, state: "sending" });

/** @param {Pending} message */
function deliver(message) {
  const others = pending.value.filter(({ id }) => id !== message.id);
  pending.value = [...others, message];
  room?.send(message.content, { clientId: message.id }).catch(() => {
    pending.value = pending.value.map((one) =>
      one.id === message.id ? { ...one, state: "failed" } : one,
    );
  });
}

export const isWriting = () => room?.typing();

/** Also where a page came by http from another machine, and has no `randomUUID`. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
