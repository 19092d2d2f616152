/** The search in the bar: the list shows what is found as one types. */

import { navigate, route } from "../../shared/router.js";
import { html, useEffect, useRef } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { searching } from "../overlays.js";
import { addressOf, placeOf } from "../place.js";

const PAUSE = 150;

export function Search() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  const place = placeOf(route.value);
  const list = "list" in place && "q" in place.list ? place.list : { q: "" };
  const shown = list.q;
  const asked = searching.value;
  useEffect(() => {
    if (!asked) return;
    input.current?.focus();
    input.current?.select();
  }, [asked]);
  useEffect(() => {
    // What one types is ahead of the address.
    if (input.current && document.activeElement !== input.current) input.current.value = shown;
  }, [shown]);
  const search = () => {
    clearTimeout(timer.current);
    const q = input.current?.value.trim() ?? "";
    const isSearch = place.page === "list" && "q" in place.list;
    if (q !== shown) navigate(addressOf({ ...list, q }), { replace: isSearch });
  };
  const onInput = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(search, PAUSE);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") input.current?.blur();
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    search();
    if (shown) focusFirstRow();
  };
  return html`<form class="search" role="search" onSubmit=${(/** @type {Event} */ e) => e.preventDefault()}>
    <input
      ref=${input}
      type="text"
      inputmode="search"
      enterkeyhint="search"
      autocomplete="off"
      maxlength="200"
      aria-label=${t("desk.search.title")}
      placeholder=${t("desk.search.hint")}
      onInput=${onInput}
      onKeyDown=${onKeyDown}
    />
  </form>`;
}

function focusFirstRow() {
  const link = document.querySelector(".rows a");
  if (link instanceof HTMLElement) link.focus();
}
