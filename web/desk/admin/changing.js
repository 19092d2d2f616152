/** Rows that are changed where they stand. */

import { patch } from "../../shared/api.js";
import { refuse } from "../reasons.js";

/**
 * Changes a row on the server, and shows it as it is then, or as it was where that is refused.
 *
 * @template {object} T
 * @param {string} path
 * @param {object} change
 * @param {T} row
 * @param {(row: T) => void} show
 * @returns {Promise<boolean>} whether it was made
 */
export async function changeRow(path, change, row, show) {
  try {
    show((await patch(path, change)).data);
    return true;
  } catch (error) {
    refuse(error);
    show({ ...row });
    return false;
  }
}
