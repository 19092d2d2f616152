// @ts-check
/** Who is here: found again, named by the site, or about to write for the first time. */
import { ApiError } from "../shared/http.js";
import { disconnect, forgotten, isKnown, isReady, show, ticket } from "./conversation.js";
import { tellUnread } from "./port.js";
import { begin, call, end, identify, resume } from "./visitor.js";

/** What no second try changes. */
const REFUSED = new Set(["no_session", "invalid_identity", "cross_origin", "invalid"]);
const PAUSES = [500, 1000, 2000, 5000];
const LONGEST_TITLE = 200;

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
  disconnect();
  show(found);
}

async function leave() {
  await end();
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
