import { DeskError } from "./emitter.js";

const LONGEST_TIMER = 2 ** 31 - 1;

/** The claims of an access token, unverified: only its time and its owner are of interest. */
function claims(token) {
  const body = token.split(".")[1] ?? "";
  return JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
}

/** Keeps an access token that is good for a while yet. */
export class Session {
  #options;
  #tokens;
  #refreshing = null;

  constructor({ url, tokens, getToken, onTokens = () => {}, fetch = globalThis.fetch }) {
    if (!tokens === !getToken) throw new TypeError("Give either tokens or getToken");
    this.#options = { url, getToken, onTokens, fetch };
    this.#tokens = tokens;
  }

  /** @returns {Promise<string>} Rejects with a DeskError once the session is over. */
  async token({ fresh = false } = {}) {
    const { getToken } = this.#options;
    if (getToken) return getToken();
    if (fresh || this.refreshIn(this.#tokens.access_token) <= 0) await this.#refresh();
    return this.#tokens.access_token;
  }

  /** Milliseconds until the token should be replaced: a fifth of its life before its end. */
  refreshIn(token) {
    try {
      const { exp, iat } = claims(token);
      const margin = Math.min(60, (exp - iat) / 5);
      return Math.min((exp - margin) * 1000 - Date.now(), LONGEST_TIMER);
    } catch {
      return LONGEST_TIMER; // Not ours to read: the server will say.
    }
  }

  #refresh() {
    this.#refreshing ??= this.#ask().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #ask() {
    const { url, fetch, onTokens } = this.#options;
    let answer, body;
    try {
      answer = await fetch(`${url}/api/v1/auth/refresh`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ refresh_token: this.#tokens.refresh_token }),
      });
      body = await answer.json();
    } catch (error) {
      throw new DeskError("lost", String(error));
    }
    // A lost answer is harmless: the spent token gets the same successor for ten seconds.
    if (answer.status === 401) throw new DeskError(body.code, body.detail);
    if (!answer.ok) throw new DeskError("unavailable", body.detail);
    this.#tokens = body;
    onTokens(body);
  }
}
