// @ts-check
/**
 * The browser's session. Its refresh token is in a cookie that no script sees; the access token is
 * in memory alone. Of several tabs one refreshes, and the others hear what it got.
 */
import { signal } from "@preact/signals-core";
import { ApiError, send } from "./http.js";
import { isGood, tokenOf } from "./token.js";

/** @typedef {import("../../client/types.d.ts").Profile} Profile */
/** @typedef {{access_token: string, expires_in: number, user: Profile}} SignedIn */
/** @typedef {{state: "starting" | "in" | "out", user: Profile | null}} Session */
/** @typedef {SignedIn & {kind: "in"} | {kind: "out"}} Said */

const PATH = "/web/session";
export const PASSKEY_PATH = `${PATH}/passkey`;
const LOCK = "desk session";
const PAUSES = [500, 1000, 2000, 5000];
/** A cookie beside the one with the token: without it, nobody is signed in. */
const MARKER = "signed_in=1";

/** @type {import("@preact/signals-core").Signal<Session>} */
export const session = signal({ state: "starting", user: null });

/** @type {import("./token.js").Token | null} */
let token = null;
/** Who is, or was last, signed in: what is on the screen is theirs. */
let personId = "";
/** @type {Promise<string> | null} */
let refreshing = null;
const tabs = new BroadcastChannel("desk session");

tabs.addEventListener("message", ({ data }) => {
  // What another tab found before somebody signed in here is found out anew.
  if (data.kind === "out" && mayBeIn()) start();
  else hear(data);
});
// A page that comes back out of the browser's cache may be somebody's who has signed out since.
addEventListener("pageshow", (event) => {
  if (event.persisted) start();
});

const mayBeIn = () => document.cookie.split("; ").includes(MARKER);

/** Finds out whether somebody is signed in; tries again while the server cannot be reached. */
export async function start() {
  if (!mayBeIn()) return tell({ kind: "out" });
  for (let tries = 0; ; tries++) {
    try {
      await accessToken({ fresh: true });
      return;
    } catch (error) {
      if (error instanceof ApiError && error.code === "no_session") return;
    }
    await new Promise((resume) => setTimeout(resume, PAUSES[Math.min(tries, PAUSES.length - 1)]));
  }
}

/**
 * Rejects with an `ApiError`: `second_factor_required`, whose `challenge` is for `secondStep`.
 *
 * @param {string} email
 * @param {string} password
 */
export const signIn = (email, password) => enter(PATH, { email, password });

/**
 * Rejects with an `ApiError`: `invalid_code`, and `challenge_over` where one has to begin anew.
 *
 * @param {string} challenge
 * @param {string} code of the app, or a recovery code
 */
export const secondStep = (challenge, code) => enter(`${PATH}/second_factor`, { challenge, code });

/** @param {unknown} credential what `passkeys.sign` made */
export const signInByPasskey = (credential) => enter(PASSKEY_PATH, { credential });

/**
 * Not while a refresh is on its way: where that is refused, its answer takes the cookie away.
 *
 * @param {string} path
 * @param {unknown} proof
 */
function enter(path, proof) {
  return alone(async () => {
    const { data } = await send("POST", path, proof);
    tell({ kind: "in", ...data });
  });
}

/** Signs out, in all tabs. Rejects with an `ApiError` if the server could not be told. */
export function signOut() {
  return alone(async () => {
    await send("DELETE", PATH);
    tell({ kind: "out" });
  });
}

/**
 * A good access token. Rejects with an `ApiError`: `no_session` once nobody is signed in.
 *
 * @param {{fresh?: boolean, not?: string}} [options] `fresh`: even if the one at hand seems good;
 *   unless it is another one than `not`, which was refused
 * @returns {Promise<string>}
 */
export async function accessToken({ fresh = false, not } = {}) {
  const isEnough = !fresh || (not !== undefined && token?.value !== not);
  if (token && isGood(token) && isEnough) return token.value;
  refreshing ??= refresh().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function refresh() {
  const before = token;
  return alone(async () => {
    // Another tab was first, or somebody signed in, and told us.
    if (token && token !== before) return token.value;
    try {
      const { data } = await send("POST", `${PATH}/refresh`);
      tell({ kind: "in", ...data });
      return /** @type {SignedIn} */ (data).access_token;
    } catch (error) {
      if (error instanceof ApiError && error.code === "no_session") tell({ kind: "out" });
      throw error;
    }
  });
}

/**
 * While no other tab does. Web Locks are missing where a page came by http from another machine.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function alone(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

/** @param {Said} said */
function tell(said) {
  hear(said);
  tabs.postMessage(said);
}

/** @param {Said} said */
function hear(said) {
  if (said.kind === "out") {
    token = null;
    session.value = { state: "out", user: null };
    return;
  }
  if (personId && personId !== said.user.id) return location.reload();
  personId = said.user.id;
  token = tokenOf(said);
  session.value = { state: "in", user: said.user };
}
