// @ts-check
/** The API, as whoever is signed in. */
import { ApiError, send } from "./http.js";
import { accessToken } from "./session.js";

export { ApiError };

const PREFIX = "/api/v1";
/** Where those of the staff come who may do nothing else before. */
const SETUP = "/account/second_factor";
const NEXT = /<([^>]+)>;\s*rel="next"/;

/** @typedef {Record<string, unknown>} Params values; a list is sent several times, null not at all */
/**
 * @template T
 * @typedef {{data: T, headers: Headers, next: string | null}} Answer
 */

/**
 * @param {string} path under /api/v1, or what an answer's `next` was
 * @param {Params} [params]
 * @returns {Promise<Answer<any>>}
 */
export const get = (path, params) => call("GET", withParams(path, params));

/** So many rows a page has at most. */
const LARGEST_PAGE = 100;

/**
 * All rows of a list, page after page.
 * @param {string} path under /api/v1
 * @returns {Promise<any[]>}
 */
export async function getAll(path) {
  let page = await get(path, { limit: LARGEST_PAGE });
  const all = [...page.data];
  while (page.next) {
    page = await get(page.next);
    all.push(...page.data);
  }
  return all;
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @param {number} [patience] milliseconds
 * @returns {Promise<Answer<any>>}
 */
export const post = (path, body, headers, patience) => call("POST", path, body, headers, patience);

/** @type {typeof post} */
export const put = (path, body, headers) => call("PUT", path, body, headers);

/** @type {typeof post} */
export const patch = (path, body, headers) => call("PATCH", path, body, headers);

/**
 * @param {string} path
 * @param {Record<string, string>} [headers]
 * @returns {Promise<Answer<any>>}
 */
export const del = (path, headers) => call("DELETE", path, undefined, headers);

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @param {number} [patience]
 */
async function call(method, path, body, headers, patience) {
  const token = await accessToken();
  const answer = await send(
    method,
    PREFIX + path,
    body,
    authorized(token, headers),
    patience,
  ).catch(async (error) => {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "second_factor_setup_required" && location.pathname !== SETUP)
      location.assign(SETUP);
    if (error.status !== 401) throw error;
    const fresh = await accessToken({ fresh: true, not: token });
    return send(method, PREFIX + path, body, authorized(fresh, headers), patience);
  });
  return { ...answer, next: nextPath(answer.headers) };
}

/**
 * @param {string} token
 * @param {Record<string, string>} [headers]
 */
const authorized = (token, headers) => ({ ...headers, Authorization: `Bearer ${token}` });

/**
 * @param {string} path
 * @param {Params} [params]
 */
function withParams(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) query.append(name, String(one));
    }
  }
  const text = query.toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

/** @param {Headers} headers */
function nextPath(headers) {
  const found = NEXT.exec(headers.get("Link") ?? "")?.[1];
  if (!found) return null;
  const { pathname, search } = new URL(found, location.href);
  return pathname.startsWith(PREFIX) ? pathname.slice(PREFIX.length) + search : null;
}
