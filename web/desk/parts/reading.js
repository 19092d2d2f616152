/** What is on the screen is read: once the end is in sight and the page is, too. */

import { useEffect } from "../../shared/ui.js";

/**
 * @param {import("../opened.js").Opened} opened
 * @param {import("@preact/signals").Signal<boolean>} isAtEnd
 */
export function useReading(opened, isAtEnd) {
  const events = opened.timeline.events.value;
  const isJoined = opened.isJoined.value;
  const isEnd = isAtEnd.value;
  useEffect(() => {
    const read = () => {
      if (isJoined && isEnd && document.visibilityState === "visible") opened.markRead();
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [events, isJoined, isEnd]);
}
