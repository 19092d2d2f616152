/** What a person chose for this browser; other tabs follow. */

import { signal } from "@preact/signals-core";
import { readJson, storage } from "../shared/storage.js";

const NAME = "desk:settings";
const DEFAULTS = {
  /** Single keys are shortcuts (WCAG 2.1.4 asks that they can be switched off). */
  singleKeys: true,
  /** Enter sends, and Shift Enter begins a line; else Ctrl Enter sends. */
  enterSends: false,
  /** After resolving, the next ticket of the list is opened. */
  goesOn: false,
  /** A message waits for five seconds in which it can be taken back. */
  holdsMessages: false,
  /** Notifications of the desktop. */
  desktopNotices: false,
};
/** @typedef {typeof DEFAULTS} Settings */

const read = () => {
  const kept = readJson(storage, NAME);
  const known = Object.entries(kept && typeof kept === "object" ? kept : {}).filter(
    ([name, value]) => name in DEFAULTS && typeof value === "boolean",
  );
  return /** @type {Settings} */ ({ ...DEFAULTS, ...Object.fromEntries(known) });
};

export const settings = signal(read());

/** @param {Partial<Settings>} change */
export function choose(change) {
  settings.value = { ...settings.value, ...change };
  storage.setItem(NAME, JSON.stringify(settings.value));
}

/** Hears of other tabs' choices. */
export function followOtherTabs() {
  addEventListener("storage", ({ key }) => {
    if (key === NAME) settings.value = read();
  });
}
