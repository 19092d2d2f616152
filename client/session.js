import { DeskError } from "./emitter.js";
import { claims, leftByWallClock, leftOfAnswer, life, margin } from "./pair.js";
import { SharedPair } from "./shared.js";

const LONGEST_TIMER = 2 ** 31 - 1;
const PATIENCE = 10_000;

/** Milliseconds on a clock that nobody sets: a wall clock may be hours ahead, or jump. */
const clock = () => performance.now();

/** Keeps an access token that is good for a while yet. */
export class Session {
  #options;
  #pair;
  #shared;
  /** What `getToken` gave last. */
  #given;
  /** When, on our clock, the access token should be replaced. */
  #due;
  #refreshing = null;

  constructor(options) {
    const { tokens, getToken, onTokens = () => {}, fetch = globalThis.fetch } = options;
    if (!tokens === !getToken) throw new TypeError("Give either tokens or getToken");
    this.#options = { ...options, onTokens, fetch };
    if (tokens) this.#begin(tokens);
  }

  /** With what was given, or with what another tab made of it meanwhile. */
  #begin(pair) {
    this.#shared = new SharedPair(pair, this.#options);
    const newer = this.#shared.newer(pair);
    if (newer) {
      this.#take(newer);
      return;
    }
    // Nobody else knows how old it is. If the wall clock is wrong, that costs one refresh.
    const left = this.#shared.left(pair) ?? leftByWallClock(pair.access_token);
    this.#pair = pair;
    this.#shared.keep(pair, left);
    this.#replaceIn(left - margin(pair.access_token));
  }

  /** A pair that another tab made. */
  #take({ pair, left }) {
    this.#pair = pair;
    this.#replaceIn(left - margin(pair.access_token));
    // Not from within the constructor.
    queueMicrotask(() => this.#options.onTokens(pair));
  }

  /**
   * @param {{fresh?: boolean}} [how] fresh: the one before was refused
   * @returns {Promise<string>} Rejects with a DeskError once the session is over.
   */
  async token({ fresh = false } = {}) {
    if (this.#options.getToken) return this.#got(await this.#options.getToken({ fresh }));
    if (fresh || this.#refreshing || this.refreshIn() <= 0) await this.#refresh();
    return this.#pair.access_token;
  }

  /** Whose session it is, as far as the tokens say. */
  get person() {
    return claims(this.#pair?.access_token ?? this.#given).sub ?? "";
  }

  /** After the session is over: no other tab is to begin with it. */
  forget() {
    this.#shared?.forget();
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
    this.#refreshing ??= this.#shared.alone(() => this.#renew()).finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #renew() {
    const newer = this.#shared.newer(this.#pair);
    if (newer) this.#take(newer);
    // What another tab left may be about to end as well.
    if (!newer || this.refreshIn() <= 0) await this.#replace();
  }

  async #replace() {
    let pair;
    try {
      pair = await this.#ask(this.#pair.refresh_token);
    } catch (error) {
      // Without locks two may ask at once: the other's answer is as good as ours.
      const newer = this.#shared.newer(this.#pair);
      if (error.code === "lost" || !newer) throw error;
      this.#take(newer);
      return;
    }
    const left = leftOfAnswer(pair);
    this.#pair = pair;
    this.#shared.keep(pair, left);
    this.#replaceSoonest(pair.access_token, left);
    this.#options.onTokens(pair);
  }

  /** Ends the session on the server; where somebody else gives tokens, that is their business. */
  async logOut() {
    if (!this.#pair) return;
    const { answer, body } = await this.#post("logout", this.#pair.refresh_token);
    // A token that is good no more has nothing to end.
    if (answer.status >= 429) throw new DeskError("unavailable", body.detail);
  }

  async #post(what, refresh_token) {
    const { url, fetch } = this.#options;
    try {
      const answer = await fetch(`${url}/api/v1/auth/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ refresh_token }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      return { answer, body: await answer.json() };
    } catch (error) {
      throw new DeskError("lost", String(error));
    }
  }

  async #ask(refresh_token) {
    const { answer, body } = await this.#post("refresh", refresh_token);
    // A lost answer is harmless: the spent token gets the same successor for ten seconds.
    if (answer.status === 401) throw new DeskError(body.code, body.detail);
    if (!answer.ok) throw new DeskError("unavailable", body.detail);
    return body;
  }
}
