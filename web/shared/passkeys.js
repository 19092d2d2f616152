// @ts-check
/** Passkeys of this browser: made and signed in with. The server says for which host they are. */
import { send } from "./http.js";
import { PASSKEY_PATH } from "./session.js";

/** An address of this machine or network, which no passkey can be of. */
const ADDRESS = /^[\d.]+$|^\[/;

/** @typedef {any} Json */

/** Whether the browser knows them, and their JSON. */
export const areKnown =
  typeof PublicKeyCredential !== "undefined" &&
  "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** Why there can be none here, as a word's key; empty: there can. */
export function whyNone() {
  if (ADDRESS.test(location.hostname)) return "error.no_host_name";
  return areKnown ? "" : "factor.passkey_none";
}

/**
 * What the browser makes of the server's options. Rejects where its person does not want to, and
 * where it has one of the account already.
 *
 * @param {Json} options
 * @returns {Promise<Json>}
 */
export async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return toJson(await navigator.credentials.create({ publicKey }));
}

/**
 * What whichever passkey its person chooses has signed. Rejects as `create`, and with an `ApiError`.
 *
 * @returns {Promise<Json>}
 */
export async function sign() {
  const { data } = await send("POST", `${PASSKEY_PATH}/options`);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data);
  return toJson(await navigator.credentials.get({ publicKey }));
}

/** @param {Credential | null} credential */
const toJson = (credential) => /** @type {any} */ (credential).toJSON();
