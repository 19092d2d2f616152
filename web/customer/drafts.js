// @ts-check
/** What was begun and not sent is there again after a reload, for whom it belongs to. */
import { keep, read } from "../shared/storage.js";

/**
 * @param {string} userId
 * @param {string} what
 */
const keyOf = (userId, what) => `desk:draft:${userId}:${what}`;

/**
 * @param {string} userId
 * @param {string} what
 */
export const draft = (userId, what) => read(keyOf(userId, what)) ?? "";

/**
 * @param {string} userId
 * @param {string} what
 * @param {string} text
 */
export const keepDraft = (userId, what, text) => keep(keyOf(userId, what), text);
