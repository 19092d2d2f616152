/** Forms that make something. */

import { useRef, useState } from "../../shared/ui.js";
import { reason } from "../reasons.js";

/**
 * A form that is empty again once what it asks for is there, and else says why it is not.
 *
 * @param {(given: FormData) => Promise<unknown>} create
 * @param {() => void} onDone
 */
export function useCreating(create, onDone) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [error, setError] = useState("");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!form.current) return;
    try {
      await create(new FormData(form.current));
      form.current.reset();
      setError("");
      onDone();
    } catch (refused) {
      setError(reason(refused));
    }
  };
  return { form, error, submit };
}
