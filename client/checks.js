/** What can never be sent is refused here: on its way it would take the connection with it. */
import { DeskError } from "./emitter.js";

/** Of a message, in characters as the server counts them. */
export const LONGEST_CONTENT = 10_000;
const CLIENT_ID = /^[ -~]{1,64}$/;
const LONGEST_ID = 64;
const MOST_ATTACHMENTS = 10;
const MOST_MENTIONS = 20;

const refused = (why) => new DeskError("invalid", why);

/** The message as it is sent. Throws a DeskError. */
export function checkedMessage(
  content,
  { internal = false, clientId, expectSeq, draft = false, attachmentIds = [], mentions = [] },
) {
  if (typeof content !== "string") throw refused("The content of a message is a string");
  // By code units first: what is far too long is not counted.
  if (content.length > 2 * LONGEST_CONTENT || [...content].length > LONGEST_CONTENT) {
    throw refused(`A message has at most ${LONGEST_CONTENT} characters`);
  }
  if (typeof internal !== "boolean") throw refused("internal is true or false");
  if (typeof clientId !== "string" || !CLIENT_ID.test(clientId)) {
    throw refused("clientId is a string of 1 to 64 printable ASCII characters");
  }
  if (expectSeq !== undefined) checkedNumber(expectSeq);
  if (typeof draft !== "boolean") throw refused("draft is true or false");
  if (!Array.isArray(attachmentIds) || attachmentIds.length > MOST_ATTACHMENTS) {
    throw refused(`attachmentIds are at most ${MOST_ATTACHMENTS} ids`);
  }
  attachmentIds.forEach(checkedId);
  if (!Array.isArray(mentions) || mentions.length > MOST_MENTIONS) {
    throw refused(`mentions are at most ${MOST_MENTIONS} ids`);
  }
  mentions.forEach(checkedId);
  return {
    client_id: clientId,
    content,
    ...(internal && { internal }),
    ...(expectSeq !== undefined && { expect_seq: expectSeq }),
    ...(draft && { draft }),
    ...(attachmentIds.length && { attachment_ids: [...attachmentIds] }),
    ...(mentions.length && { mentions: [...mentions] }),
  };
}

/** @param {unknown} id */
export function checkedId(id) {
  if (typeof id === "string" && id.length <= LONGEST_ID) return id;
  throw refused("An id is a string");
}

/** @param {unknown} seq */
export function checkedNumber(seq) {
  if (Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw refused("The number of an event is a whole number");
}

/** @param {unknown} ids */
export function checkedIds(ids) {
  if (Array.isArray(ids)) return ids.map(checkedId);
  throw refused("The ids are an array of strings");
}
