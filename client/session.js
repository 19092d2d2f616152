import { DeskError } from "./emitter.js";
import { leftByWallClock, leftOfAnswer, life, margin } from "./pair.js";

const LONGEST_TIMER = 2 ** 31 - 1;
const PATIENCE = 10_000;

/** Milliseconds on a clock that nobody sets: a wall clock may be hours ahead, or jump. */
const clock = () => performance.now();

/** Keeps an access token that is good for a while yet. */
export class Session {
  #options;
  #pair;
  /** What `getToken` gave last. */
  #given;
  /** When, on our clock, the access token should be replaced. */
  #due;
  #refreshing = null;

  constructor({ url, tokens, getToken, onTokens = () => {}, fetch = globalThis.fetch }) {
    if (!tokens === !getToken) throw new TypeError("Give either tokens or getToken");
    this.#options = { url, getToken, onTokens, fetch };
    if (tokens) {
      // Nobody knows how old it is. If the wall clock is wrong, that costs one refresh.
      this.#pair = tokens;
      this.#replaceIn(leftByWallClock(tokens.access_token) - margin(tokens.access_token));
    }
  }

  /** @returns {Promise<string>} Rejects with a DeskError once the session is over. */
  async token({ fresh = false } = {}) {
    if (this.#options.getToken) return this.#got(await this.#options.getToken());
    if (fresh || this.#refreshing || this.refreshIn() <= 0) await this.#refresh();
    return this.#pair.access_token;
  }

  /** Milliseconds until the token should be replaced: a while before its end. */
  refreshIn() {
    return Math.min(this.#due - clock(), LONGEST_TIMER);
  }

  #replaceIn(ms) {
    this.#due = clock() + ms;
  }

  /** Whoever gives tokens is asked for the next one in time, and never in a hurry. */
  #got(token) {
    if (token !== this.#given || this.refreshIn() <= 0) {
      const left = leftByWallClock(token);
      // A good token that is over: the wall clock is wrong.
      this.#replaceSoonest(token, left > 0 ? left : life(token));
    }
    return (this.#given = token);
  }

  #replaceSoonest(token, left) {
    this.#replaceIn(Math.max(left - margin(token), margin(token)));
  }

  #refresh() {
    this.#refreshing ??= this.#renew().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #renew() {
    const pair = await this.#ask(this.#pair.refresh_token);
    this.#pair = pair;
    this.#replaceSoonest(pair.access_token, leftOfAnswer(pair));
    this.#options.onTokens(pair);
  }

  async #ask(refresh_token) {
    const { url, fetch } = this.#options;
    let answer, body;
    try {
      answer = await fetch(`${url}/api/v1/auth/refresh`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ refresh_token }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      body = await answer.json();
    } catch (error) {
      throw new DeskError("lost", String(error));
    }
    // A lost answer is harmless: the spent token gets the same successor for ten seconds.
    if (answer.status === 401) throw new DeskError(body.code, body.detail);
    if (!answer.ok) throw new DeskError("unavailable", body.detail);
    return body;
  }
}
