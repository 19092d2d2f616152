/** Notifications of the desktop: only where the person asked for them, never for what is in sight. */

import { t } from "../shared/words.js";
import { say } from "./notices.js";
import { openTicket } from "./place.js";
import { choose, settings } from "./settings.js";

/** @param {boolean} wanted */
export async function askForDesktopNotices(wanted) {
  const isAllowed = wanted && (await Notification.requestPermission()) === "granted";
  choose({ desktopNotices: isAllowed });
  if (wanted && !isAllowed) say(t("desk.settings.desktop_denied"), { manner: "refused" });
}

/**
 * @param {string} text
 * @param {{ticketId: string, number: number | null, isInSight: boolean}} about
 */
export function notifyDesktop(text, { ticketId, number, isInSight }) {
  const isWatched = isInSight && document.visibilityState === "visible" && document.hasFocus();
  if (isWatched || !settings.peek().desktopNotices) return;
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  // One per ticket: the newer one takes the older one's place, in all tabs.
  const shown = new Notification(text, { tag: ticketId });
  shown.addEventListener("click", () => {
    window.focus();
    if (number) openTicket(number);
    shown.close();
  });
}
