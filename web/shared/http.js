// @ts-check
/** One request and its answer, with no session. */

const PATIENCE = 20_000;

/** @typedef {{pointer: string, detail: string}} Mistake */
/**
 * @template T
 * @typedef {{data: T, headers: Headers}} Answered
 */

/** What the server refused. `status` 0, `code` "offline": it could not be reached. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, errors?: Mistake[]} & Record<string, any>} body
   */
  constructor(status, body) {
    super(body.detail ?? "");
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.detail = body.detail ?? "";
    /** @type {Mistake[]} */
    this.errors = body.errors ?? [];
    this.body = body;
  }

  get isOffline() {
    return this.status === 0;
  }
}

/** What the server's clock is ahead of ours, in milliseconds: ours may be hours wrong. */
let ahead = 0;

/**
 * A time of our clock, on the server's: right to a second, and as far as it has answered yet.
 *
 * @param {number} ours
 */
export const serverTime = (ours) => ours + ahead;

/**
 * Rejects with an `ApiError`.
 *
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @param {number} [patience] milliseconds to wait for the answer
 * @returns {Promise<Answered<any>>}
 */
export async function send(method, url, body, headers = {}, patience = PATIENCE) {
  if (body !== undefined) headers = { "Content-Type": "application/json", ...headers };
  let answer;
  let text;
  try {
    answer = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
    text = await answer.text();
  } catch (error) {
    throw new ApiError(0, { code: "offline", detail: String(error) });
  }
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (date) ahead = date - Date.now();
  const data = parsed(text);
  if (!answer.ok) throw new ApiError(answer.status, data ?? {});
  return { data, headers: answer.headers };
}

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined; // Not ours: what a proxy says.
  }
}
