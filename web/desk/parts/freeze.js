/** Nothing moves while the pointer or a key is on the list. */

import { useEffect } from "../../shared/ui.js";
import { freezeForKey } from "../freeze.js";

/**
 * The listeners of the list's element.
 * @param {import("../store/view.js").View} list
 */
export function useFreeze(list) {
  useEffect(() => () => list.thaw(), [list]);
  return {
    /** @param {PointerEvent} event */
    onPointerMove: ({ pointerType }) => {
      if (pointerType !== "touch") list.freeze("pointer");
    },
    onPointerLeave: () => list.thaw("pointer"),
    // Who has clicked has found what they were looking for, until they move again.
    onClick: () => list.thaw("pointer"),
    onKeyDown: () => freezeForKey(list),
  };
}
