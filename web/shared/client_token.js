// @ts-check
/** What `DeskClient` is given to get its tokens by. */
import { DeskError } from "ticket-desk-client";
import { ApiError } from "./http.js";

/**
 * A `getToken` that ends the client once nobody is signed in; all else passes, and it asks again.
 *
 * @param {(options: {fresh: boolean}) => Promise<string>} accessToken rejects with an `ApiError`
 * @returns {(options: {fresh: boolean}) => Promise<string>}
 */
export const clientToken = (accessToken) => async (options) => {
  try {
    return await accessToken(options);
  } catch (error) {
    const isOver = error instanceof ApiError && error.code === "no_session";
    throw new DeskError(isOver ? "no_session" : "lost");
  }
};
