// @ts-check
import { has, t } from "../shared/words.js";

/** A status as customers are told it; one that is not known yet as work under way. */
export const statusWord = (/** @type {string} */ status) =>
  t(has(`customer.status.${status}`) ? `customer.status.${status}` : "customer.status.other");
