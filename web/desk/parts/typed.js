/** Where one types what is kept as soon as one is done. */

import { html, useLayoutEffect, useRef } from "../../shared/ui.js";

/**
 * Shows what is stored. What one types meanwhile stays, unless another text is stored.
 *
 * @param {{value: string, set: (text: string) => unknown, tag?: "input" | "textarea"} & Record<string, unknown>} props
 *   `set`: what it gives, or resolves to, is false where it was refused; all else: of the element
 */
export function Typed({ value, set, tag = "input", ...attributes }) {
  const field = useRef(/** @type {HTMLInputElement | HTMLTextAreaElement | null} */ (null));
  // As it is by the time that a refusal has come.
  const stored = useRef(value);
  stored.current = value;
  const show = () => {
    if (field.current) field.current.value = stored.current;
  };
  useLayoutEffect(show, [value]);
  const onChange = async (/** @type {any} */ { currentTarget }) => {
    if (currentTarget.reportValidity() && (await set(currentTarget.value)) === false) show();
  };
  return html`<${tag} ref=${field} autocomplete="off" ...${attributes} onChange=${onChange} />`;
}
