// @ts-check
/** What people wrote is shown as text; the addresses in it become links that are safe. */
import { html } from "./ui.js";

const ADDRESS = /\b(?:https?:\/\/|mailto:)[^\s<>"'`{}|\\^]+/gi;
/** What ends a sentence, and not an address. */
const TAIL = /[.,;:!?)\]]+$/;
const SAFE = new Set(["http:", "https:", "mailto:"]);

/**
 * Texts and links, for a component's children.
 *
 * @param {string} text
 * @returns {import("preact").ComponentChild[]}
 */
export function linked(text) {
  /** @type {import("preact").ComponentChild[]} */
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const shown = trimmed(found[0]);
    const href = safe(shown);
    if (!href) continue;
    parts.push(text.slice(end, found.index));
    parts.push(
      html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${shown}</a>`,
    );
    end = found.index + shown.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** Without what ends a sentence; a bracket that is opened in it stays. @param {string} address */
function trimmed(address) {
  const short = address.replace(TAIL, "");
  return short.includes("(") && address[short.length] === ")" ? `${short})` : short;
}

/** @param {string} address */
function safe(address) {
  try {
    const { protocol, href } = new URL(address);
    return SAFE.has(protocol) ? href : null;
  } catch {
    return null;
  }
}
