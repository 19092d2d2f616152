/** Why the server refused something, for people. */

import { ApiError } from "../shared/api.js";
import { t } from "../shared/words.js";
import { say } from "./notices.js";

/** @param {unknown} error */
export function reason(error) {
  if (!(error instanceof ApiError) || error.isOffline) return t("error.offline");
  return (
    error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join(", ") || error.detail
  );
}

/** Says it. @param {unknown} error */
export const refuse = (error) => say(reason(error), { manner: "refused" });
