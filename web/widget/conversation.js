// @ts-check
/** The conversation: what was said, what is being sent, what is unread. Only events change it. */
import { batch, signal } from "@preact/signals";
import { DeskClient } from "ticket-desk-client";
import { hearScan } from "../shared/attachments.js";
import { clientToken } from "../shared/client_token.js";
import { newKey } from "../shared/keys.js";
import { tellUnread } from "./port.js";
import { accessToken, call } from "./visitor.js";

/** @typedef {import("../../client/index.d.ts").TimelineEvent} TimelineEvent */
/** @typedef {import("./visitor.js").Ticket} Ticket */
/** @typedef {import("../shared/uploads.js").Info} Info */
/**
 * @typedef {{id: string, content: string, files: Info[], state: "sending" | "failed"}} Pending
 */

const FRAME = 16;
const WRITES_MS = 7000;

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

/**
 * From now on this one, which is another one; null: somebody who has none.
 *
 * @param {Ticket | null} found
 */
export function show(found) {
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
  const made = new DeskClient({
    url: location.origin,
    getToken: clientToken(accessToken),
  });
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
  made.on("attachment_changed", hearScan);
  made.on("signed_out", forgotten);
  return made;
}

/** Before another person is here: a connection is of one. */
export function disconnect() {
  client?.close();
  client = null;
  room = null;
}

/** Nobody is known here any more. */
export function forgotten() {
  disconnect();
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
  if (!id) return;
  const answer = await call("GET", `/users/tickets/${id}`).catch(() => null);
  // It may be a part of another ticket by now.
  if (answer) (answer.id === id ? take : show)(answer);
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
    // What it was before is history by now, which may have been undone.
    if (isWhole.value && event.kind === "merged_into") goOn(event.data.ticket_id);
  });
  entered.on("refused", ({ into }) => into && goOn(into));
  entered.on("live", ({ ticket: newest }) => {
    take(newest);
    draw();
    isWhole.value = true;
    entered.markRead();
    tellUnread(0);
  });
  entered.on("typing", ({ user_id, active }) => {
    clearTimeout(silence);
    writing.value = active ? user_id : null;
    if (active) silence = setTimeout(() => (writing.value = null), WRITES_MS);
  });
}

/** With what the ticket was merged into. @param {string} id */
const goOn = (id) => call("GET", `/users/tickets/${id}`).then(show, () => {});

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
  ask(fresh);
  if (isOpen.value) {
    room?.markRead();
    tellUnread(0);
  }
}

/** @param {{id: string, full_name: string}[]} people */
function learn(people) {
  const known = people.map(({ id, full_name }) => [id, full_name]);
  names.value = { ...names.value, ...Object.fromEntries(known) };
}

/** Whoever speaks has a name that the visitor may know. @param {TimelineEvent[]} fresh */
function ask(fresh) {
  const shown = ticket.value;
  const isNew = fresh.some(({ actor_id }) => actor_id && !(actor_id in names.value));
  if (shown && isNew) call("GET", `/tickets/${shown.id}/people`).then(learn, () => {});
}

/**
 * @param {string} content
 * @param {Info[]} files
 */
export function say(content, files) {
  deliver({ id: newKey(), content, files, state: "sending" });
}

/** @param {Pending} message one that was not sent */
export const sayAgain = (message) => deliver({ ...message, state: "sending" });

/** @param {Pending} message */
function deliver(message) {
  const others = pending.value.filter(({ id }) => id !== message.id);
  pending.value = [...others, message];
  const attachmentIds = message.files.map(({ id }) => id);
  room?.send(message.content, { clientId: message.id, attachmentIds }).catch(() => {
    pending.value = pending.value.map((one) =>
      one.id === message.id ? { ...one, state: "failed" } : one,
    );
  });
}

export const isWriting = () => room?.typing();
