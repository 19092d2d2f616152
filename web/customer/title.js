// @ts-check
/** While nobody looks, the tab's title counts what others have written. */
import { effect, signal } from "../shared/ui.js";
import { readerId } from "./page.js";

/** @param {import("./conversation.js").Conversation} conversation */
export function countInTitle(conversation) {
  const title = document.title;
  const isSeen = signal(document.visibilityState === "visible");
  let last = 0;
  document.addEventListener("visibilitychange", () => {
    isSeen.value = document.visibilityState === "visible";
  });
  effect(() => {
    const events = conversation.events.value;
    if (isSeen.value || !last) last = events.at(-1)?.seq ?? 0;
    const count = events.filter(
      ({ seq, kind, actor_id }) => seq > last && kind === "message_posted" && actor_id !== readerId,
    ).length;
    document.title = count ? `(${count}) ${title}` : title;
  });
}
