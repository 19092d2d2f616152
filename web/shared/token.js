// @ts-check
/** An access token, as a page holds it: in memory alone. */

/** It is replaced this long before its end, or after four fifths of its life. */
const MARGIN = 60_000;

/**
 * `due` is by a clock that nobody sets, `dueByWall` by one that goes on while the machine sleeps.
 *
 * @typedef {{value: string, due: number, dueByWall: number}} Token
 */

/**
 * @param {{access_token: string, expires_in: number}} answer `expires_in`: seconds
 * @returns {Token}
 */
export function tokenOf({ access_token, expires_in }) {
  const life = expires_in * 1000;
  const left = life - Math.min(MARGIN, life / 5);
  return {
    value: access_token,
    due: performance.now() + left,
    dueByWall: Date.now() + left,
  };
}

/** Whose an access token is. @param {string} value */
export function personOf(value) {
  const [, claims = ""] = value.split(".");
  return JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).sub;
}

/** Whether it need not be replaced yet. @param {Token} token */
export const isGood = ({ due, dueByWall }) => performance.now() < due && Date.now() < dueByWall;
