// @ts-check
/** What components are made with, and the small ones that all pages share. */

import { batch, computed, effect, signal, useComputed, useSignal } from "@preact/signals";
import htm from "htm";
import { Fragment, h, render } from "preact";
import {
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";

export {
  batch,
  computed,
  effect,
  Fragment,
  h,
  render,
  signal,
  useCallback,
  useComputed,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useSignal,
  useState,
};

/** @type {(strings: TemplateStringsArray, ...values: any[]) => import("preact").VNode<any>} */
export const html = /** @type {any} */ (htm.bind(h));

/** Drawn on 24 × 24, by strokes. */
const ICONS = {
  alert:
    "M12 8v5m0 3v.01M10.3 3.9 2 18a2 2 0 0 0 1.7 3h16.6a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z",
  back: "M15 5l-7 7 7 7",
  bell: "M6 9a6 6 0 1 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9zm4 11a2 2 0 0 0 4 0",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6 6 18",
  clip: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4L14 7.6",
  clock: "M12 7v5l3 2m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
  lock: "M6 11h12v9H6zm3 0V8a3 3 0 0 1 6 0v3",
  menu: "M4 6h16M4 12h16M4 18h16",
  pen: "M4 20l1-5L16 4l4 4L9 19z",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 9a8 8 0 0 1 16 0",
  plus: "M12 5v14M5 12h14",
  search: "M20 20l-4-4m2-5a7 7 0 1 1-14 0 7 7 0 0 1 14 0z",
  send: "M4 12l16-8-6 16-3-7z",
  tag: "M4 4h8l8 8-8 8-8-8zm4 4v.01",
};

/** @typedef {keyof typeof ICONS} IconName */

/**
 * A picture beside a word; nobody reads it aloud.
 *
 * @param {{name: IconName}} props
 */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${ICONS[name]} />
  </svg>`;
}

/**
 * A dialog over the page; Escape and its button close it. Without `onClose` it stays.
 *
 * @param {{title: string, closeWord?: string, onClose?: () => void, children?: any, class?: string}} props
 */
export function Dialog({ title, closeWord, onClose, children, class: className = "" }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // Chromium takes no text where a dialog is closed and removed at once: it is removed alone, and
    // afterwards one goes on where one was.
    return () => queueMicrotask(() => before instanceof HTMLElement && before.focus());
  }, []);
  /** @param {MouseEvent} event */
  const clickOutside = (event) => {
    if (event.target === dialog.current) onClose?.();
  };
  return html`<dialog
    ref=${dialog}
    class=${className}
    aria-labelledby=${id}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose?.();
    }}
    onClick=${clickOutside}
  >
    <div class="dialog-body">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        ${
          onClose
            ? html`<button type="button" class="quiet" aria-label=${closeWord} onClick=${onClose}>
                <${Icon} name="close" />
              </button>`
            : null
        }
      </header>
      ${children}
    </div>
  </dialog>`;
}

/** @param {{children?: any}} props */
export const Hidden = ({ children }) => html`<span class="visually-hidden">${children}</span>`;
