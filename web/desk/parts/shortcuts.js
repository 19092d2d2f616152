/** Hears the keys of the whole page. */

import { useEffect, useMemo } from "../../shared/ui.js";
import { commandsOf } from "../commands.js";
import { useDesk } from "../desk.js";
import { isWriting, Keys, nameOf } from "../keys.js";
import { overlay } from "../overlays.js";
import { settings } from "../settings.js";

/** What a focused control does with these keys by itself. */
const OWN = new Map([
  ["Enter", "a, button, summary, [role=tab], [role=switch]"],
  ["ArrowDown", "[role=tab], .log, .rows-pane"],
  ["ArrowUp", "[role=tab], .log, .rows-pane"],
]);

export function Shortcuts() {
  const desk = useDesk();
  const commands = useMemo(() => commandsOf(desk), [desk]);
  useEffect(() => {
    const keys = new Keys(
      () => commands,
      () => settings.peek().singleKeys,
    );
    /** @param {KeyboardEvent} event */
    const listen = (event) => {
      if (event.defaultPrevented || event.isComposing || isInDialog()) return;
      const key = nameOf(event);
      const own = OWN.get(key);
      if (own && event.target instanceof Element && event.target.matches(own)) return;
      const found = keys.press({
        key,
        isWriting: isWriting(event.target),
        isRepeat: event.repeat,
        now: event.timeStamp,
      });
      if (!found) return;
      event.preventDefault();
      if (found !== "begun") found.run();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [commands]);
  return null;
}

/** A dialog has the keys for itself. */
const isInDialog = () => overlay.peek() !== null || document.querySelector("dialog[open]") !== null;
