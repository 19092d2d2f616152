/** What a merge will do, and who will read what they could not. */

import { get } from "../../shared/api.js";
import { html, useEffect, useState } from "../../shared/ui.js";
import { locale, t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { merge } from "../merging.js";
import { closeOverlay } from "../overlays.js";
import { reason } from "../reasons.js";

/** @typedef {import("../types.js").Row} Row */
/** @typedef {{id: string, full_name: string}} Person */

/** @param {{source: Row, into: Row}} props */
export function Consequences({ source, into }) {
  const desk = useDesk();
  const [isShared, setShared] = useState(false);
  const [failure, setFailure] = useState("");
  const [isBusy, setBusy] = useState(false);
  const readers = useNewReaders(source, into);
  const go = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await merge(desk, source, { into: into.id, share: isShared });
      closeOverlay();
    } catch (error) {
      setFailure(reason(error));
      setBusy(false);
    }
  };
  if (!readers) return html`<p role="status">${t("loading")}</p>`;
  const numbers = { number: source.number, into: into.number };
  const asks = readers.some(({ names }) => names);
  return html`<form onSubmit=${go}>
    <p>${t("desk.merge.will", numbers)}</p>
    ${readers.map(
      ({ number, names }) =>
        names &&
        html`<p key=${number}><strong>${t("desk.merge.readers", { names, number })}</strong></p>`,
    )}
    ${
      asks
        ? html`<label class="check">
            <input
              type="checkbox"
              checked=${isShared}
              onChange=${(/** @type {any} */ event) => setShared(event.currentTarget.checked)}
            />
            ${t("desk.merge.share")}
          </label>`
        : null
    }
    ${failure ? html`<p class="failed" role="alert">${failure}</p>` : null}
    <p class="message-actions">
      <button class="primary" disabled=${isBusy || (asks && !isShared)}>${t("desk.merge.go", numbers)}</button>
      <button type="button" onClick=${closeOverlay}>${t("desk.many.cancel")}</button>
    </p>
  </form>`;
}

/**
 * Of each ticket, by its number, who reads the other one alone; null until that is known.
 * @param {Row} source
 * @param {Row} into
 */
function useNewReaders(source, into) {
  const [found, setFound] = useState(
    /** @type {{number: number, names: string}[] | null} */ (null),
  );
  useEffect(() => {
    Promise.all([readersOf(source), readersOf(into)]).then(([here, there]) =>
      setFound([
        { number: source.number, names: missing(there, here) },
        { number: into.number, names: missing(here, there) },
      ]),
    );
  }, []);
  return found;
}

/** @param {Row} row @returns {Promise<Person[]>} */
async function readersOf({ id, customer }) {
  // Where it cannot be asked, the server does.
  const { data } = await get(`/tickets/${id}/participants`).catch(() => ({ data: [] }));
  return [customer, ...data];
}

/**
 * The names of those who are not among others.
 * @param {Person[]} people
 * @param {Person[]} others
 */
function missing(people, others) {
  const known = new Set(others.map(({ id }) => id));
  const names = people.filter(({ id }) => !known.has(id)).map(({ full_name }) => full_name);
  return new Intl.ListFormat(locale).format(names);
}
