/** A list beside a text field of what one may mean: gone through and chosen by the keys. */

import { html, useId, useSignal } from "../../shared/ui.js";

/**
 * @template Item
 * @typedef {object} Offering
 * @property {string} label
 * @property {(before: string) => string | null} begun what is asked for by the text up to the caret
 * @property {(asked: string) => Item[]} offered
 * @property {(item: Item) => string} keyOf
 * @property {(item: Item) => unknown} shown
 * @property {(item: Item, asked: string) => void} choose
 * @property {(count: number) => string} spoken how many there are, as the list never has the focus
 * @property {() => void} [onBegin]
 */

/**
 * @template Item
 * @param {{current: HTMLTextAreaElement | null}} field
 * @param {Offering<Item>} offering
 */
export function useOffers(field, offering) {
  const id = useId();
  const asked = useSignal(/** @type {string | null} */ (null));
  const at = useSignal(0);
  const { label, begun, offered, keyOf, shown, choose, spoken, onBegin } = offering;
  const itemsOf = (/** @type {string | null} */ wanted) => (wanted === null ? [] : offered(wanted));
  const items = itemsOf(asked.value);
  const chosen = items[Math.min(at.value, items.length - 1)];
  const optionId = (/** @type {Item} */ item) => `${id}-${keyOf(item)}`;
  const close = () => {
    asked.value = null;
  };
  const look = () => {
    const { value = "", selectionStart = 0 } = field.current ?? {};
    const found = begun(value.slice(0, selectionStart ?? 0));
    if (found !== null && asked.peek() === null) onBegin?.();
    if (found !== asked.peek()) at.value = 0;
    asked.value = found;
  };
  /** @param {Item} item */
  const pick = (item) => {
    const typed = asked.peek() ?? "";
    close();
    choose(item, typed);
  };
  /** @param {KeyboardEvent} event @returns {boolean} whether it was for what is offered */
  const take = (event) => {
    const now = itemsOf(asked.peek());
    const place = Math.min(at.peek(), now.length - 1);
    const item = now[place];
    if (item === undefined || event.isComposing) return false;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (by) at.value = (place + by + now.length) % now.length;
    else if ((event.key === "Enter" || event.key === "Tab") && isPlain) pick(item);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return {
    look,
    close,
    take,
    attributes: chosen ? { "aria-controls": id, "aria-activedescendant": optionId(chosen) } : {},
    list: html`<p class="visually-hidden" role="status">${chosen ? spoken(items.length) : ""}</p>
      ${
        chosen
          ? html`<ul id=${id} class="offers" role="listbox" aria-label=${label}>
          ${items.map(
            (item) => html`<li
              key=${keyOf(item)}
              id=${optionId(item)}
              role="option"
              aria-selected=${String(item === chosen)}
              onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()}
              onClick=${() => pick(item)}
            >
              ${shown(item)}
            </li>`,
          )}
        </ul>`
          : null
      }`,
  };
}
