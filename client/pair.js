/** What can be told of a pair of tokens, and of how long it is good. */

/** The claims of a token, unverified: only its times and its owner are of interest. */
export function claims(token) {
  try {
    const body = token.split(".")[1];
    return JSON.parse(atob(body.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {}; // Not ours to read: the server will say.
  }
}

/** How long a token lives in all, in milliseconds; Infinity if it does not say. */
export function life(token) {
  const { exp, iat } = claims(token);
  return exp > iat ? (exp - iat) * 1000 : Infinity;
}

/** How long before its end it is replaced: a fifth of its life, a minute at most. */
export const margin = (token) => Math.min(60_000, life(token) / 5);

/** How long a token lives yet, by the wall clock, which may be wrong; 0 or less: is over. */
export function leftByWallClock(token) {
  const { exp } = claims(token);
  return Math.min((exp ?? Infinity) * 1000 - Date.now(), life(token));
}

/** How long the token of an answer lives yet when it comes. */
export function leftOfAnswer({ access_token, expires_in }) {
  return expires_in === undefined ? life(access_token) : expires_in * 1000;
}
