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

/**
 * The first message. Rejects with an `ApiError`.
 *
 * @param {First} first
 * @param {string} key the same for a repeat
 */
export async function begin(first, key) {
  const { data } = await send("POST", PATH, first, { "Idempotency-Key": key });
  return taken(data);
}

/**
 * As whom the site names by a token of its own.
 *
 * @param {string} siteToken
 */
export async function identify(siteToken) {
  const { data } = await send("POST", `${PATH}/identify`, { token: siteToken });
  return taken(data);
}

/** The session is over, here and on the server. */
export async function end() {
  token = null;
  await send("DELETE", PATH);
}

/** Rejects with an `ApiError`: `no_session` once nobody is known here. */
export function resume() {
  resuming ??= send("POST", `${PATH}/refresh`)
    .then(({ data }) => taken(data))
    .finally(() => {
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

/** @param {Visiting} visiting */
function taken(visiting) {
  token = tokenOf(visiting);
  return visiting;
}
