/** Colleagues that are offered while one writes an `@`. */

import { html, useId, useSignal } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { announce } from "../announcements.js";
import { useDesk } from "../desk.js";
import { begunName, offeredFor } from "../mentions.js";

/** @typedef {import("../types.js").Agent} Agent */

const MOST = 6;

/**
 * @param {{current: HTMLTextAreaElement | null}} field
 * @param {() => void} onPick called once a name stands in the field
 */
export function useMentioning(field, onPick) {
  const { team, me } = useDesk();
  const id = useId();
  const offered = useSignal(/** @type {Agent[]} */ ([]));
  const at = useSignal(0);
  const before = () => field.current?.value.slice(0, field.current.selectionStart) ?? "";
  const close = () => {
    offered.value = [];
  };
  const look = () => {
    const begun = begunName(before());
    const found = begun === null ? [] : offeredFor(begun, team.sorted.peek(), me.id).slice(0, MOST);
    if (found.length && !offered.peek().length)
      announce(t("desk.mention.offered", { count: found.length }));
    offered.value = found;
    at.value = 0;
  };
  /** @param {Agent} agent */
  const pick = ({ full_name }) => {
    const end = before().length;
    const start = end - (begunName(before())?.length ?? 0);
    field.current?.setRangeText(`${full_name} `, start, end, "end");
    field.current?.focus();
    close();
    onPick();
  };
  /** @param {KeyboardEvent} event @returns {boolean} whether it was for what is offered */
  const take = (event) => {
    const { length } = offered.peek();
    if (!length || event.isComposing) return false;
    const agent = offered.peek()[at.peek()];
    if (event.key === "ArrowDown") at.value = (at.peek() + 1) % length;
    else if (event.key === "ArrowUp") at.value = (at.peek() + length - 1) % length;
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && agent) pick(agent);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const isOpen = offered.value.length > 0;
  return {
    look,
    close,
    take,
    attributes: isOpen ? { "aria-controls": id, "aria-activedescendant": `${id}-${at.value}` } : {},
    list: isOpen
      ? html`<ul key="mentions" class="mentions" id=${id} role="listbox" aria-label=${t("desk.mention")}>
          ${offered.value.map(
            (agent, n) => html`<li
              key=${agent.user_id}
              id=${`${id}-${n}`}
              role="option"
              aria-selected=${String(n === at.value)}
              onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}
              onClick=${() => pick(agent)}
            >
              <bdi>${agent.full_name}</bdi>
            </li>`,
          )}
        </ul>`
      : null,
  };
}
