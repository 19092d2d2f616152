// @ts-check
/**
 * The visitor's session. Its refresh token is in a cookie that no script sees, all else in memory:
 * a frame of another site is given no storage.
 */
import { ApiError, send } from "../shared/http.js";
import { isGood, personOf, tokenOf } from "../shared/token.js";

/** @typedef {import("../../client/types.d.ts").Ticket} Ticket */
/** @typedef {{name: string, email: string, message: string}} First */
/** @typedef {{access_token: string, expires_in: number, ticket: Ticket | null}} Visiting */

const PATH = "/web/visitor";
const PREFIX = "/api/v1";

/** @type {import("../shared/token.js").Token | null} */
let token = null;
/** @type {Promise<Visiting> | null} */
let resuming = null;
/** What the session was asked for last. @type {Promise<unknown>} */
let before = Promise.resolve();

/**
 * The first message. Rejects with an `ApiError`.
 *
 * @param {First} first
 * @param {string} key the same for a repeat
 */
export const begin = (first, key) => enter(PATH, first, { "Idempotency-Key": key });

/**
 * As whom the site names by a token of its own.
 *
 * @param {string} siteToken
 */
export const identify = (siteToken) => enter(`${PATH}/identify`, { token: siteToken });

/** The session is over, here and on the server. */
export const end = () =>
  alone(async () => {
    token = null;
    await send("DELETE", PATH);
  });

/** Rejects with an `ApiError`: `no_session` once nobody is known here. */
export function resume() {
  resuming ??= enter(`${PATH}/refresh`).finally(() => {
    resuming = null;
  });
  return resuming;
}

/**
 * @param {{fresh?: boolean}} [how] `fresh`: the one before was refused, however good it seems
 * @returns {Promise<string>}
 */
export async function accessToken({ fresh = false } = {}) {
  if (!fresh && token && isGood(token)) return token.value;
  return (await resume()).access_token;
}

/**
 * @param {string} method
 * @param {string} path under /api/v1
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 */
export async function call(method, path, body, headers) {
  const attempt = async (/** @type {string} */ as) => {
    const authorized = { ...headers, Authorization: `Bearer ${as}` };
    return (await send(method, PREFIX + path, body, authorized)).data;
  };
  const first = await accessToken();
  try {
    return await attempt(first);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    const fresh = await accessToken({ fresh: true });
    // What one visitor asked for is not asked for as another, who is here by now.
    if (personOf(fresh) !== personOf(first)) throw error;
    return await attempt(fresh);
  }
}

/**
 * @param {string} path
 * @param {unknown} [proof]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Visiting>}
 */
function enter(path, proof, headers) {
  return alone(async () => {
    const { data } = await send("POST", path, proof, headers);
    token = tokenOf(data);
    return data;
  });
}

/**
 * One after the other: each answer brings a cookie, and the last one is to be the newest's.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function alone(work) {
  const done = before.then(work);
  before = done.catch(() => {});
  return done;
}
