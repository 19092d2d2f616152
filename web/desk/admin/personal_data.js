/** What there is of a person: taken along, and erased. */

import { get, post } from "../../shared/api.js";
import { Dialog, html, useEffect, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { reason, refuse } from "../reasons.js";

/** @typedef {import("../../../client/types.d.ts").User} User */
/** @typedef {import("../../../client/types.d.ts").Erasure} Erasure */

const ASK_AGAIN_MS = 1000;

/** @param {{user: User, onChange: (user: User) => void}} props */
export function PersonalData({ user, onChange }) {
  const [isErasing, setErasing] = useState(false);
  const take = async () => {
    try {
      const { data } = await post(`/admin/users/${user.id}/export/link`);
      location.assign(data.url);
    } catch (error) {
      refuse(error);
    }
  };
  const close = async () => {
    setErasing(false);
    onChange((await get(`/admin/users/${user.id}`)).data);
  };
  const of = (/** @type {string} */ word) => `${word}: ${user.full_name}`;
  return html`<button type="button" aria-label=${of(t("desk.personal.export"))} onClick=${take}>
      ${t("desk.personal.export")}
    </button>
    <button
      type="button"
     
      aria-label=${of(t("desk.personal.erase"))}
      onClick=${() => setErasing(true)}
    >
      ${t("desk.personal.erase")}
    </button>
    ${isErasing ? html`<${Erase} user=${user} onClose=${close} />` : null}`;
}

/** @param {{user: User, onClose: () => void}} props */
function Erase({ user, onClose }) {
  const id = useId();
  const [known, setKnown] = useState(/** @type {Erasure | null} */ (null));
  const [failure, setFailure] = useState("");
  // Who it was: by now nobody else knows.
  const [{ full_name: name }] = useState(user);
  useProgress(known, setKnown);
  const go = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    try {
      const asked = { keep_tickets: given.has("keep_tickets") };
      setKnown((await post(`/admin/users/${user.id}/erase`, asked)).data);
    } catch (error) {
      setFailure(reason(error));
    }
  };
  if (known) {
    return html`<${Dialog} title=${t("desk.personal.title", { name })} closeWord=${t("close")} onClose=${onClose}>
      <${Progress} erasure=${known} />
    <//>`;
  }
  return html`<${Dialog} title=${t("desk.personal.title", { name })} closeWord=${t("close")} onClose=${onClose}>
    <form onSubmit=${go}>
      <p>${t("desk.personal.will")}</p>
      <p>
        <label><input type="checkbox" name="keep_tickets" /> ${t("desk.personal.keep")}</label>
      </p>
      <div class="field">
        <label for=${id}>${t("desk.personal.confirm", { name })}</label>
        <input
          id=${id}
          type="text"
          required
          autocomplete="off"
          onInput=${(/** @type {any} */ event) => {
            const { currentTarget: field } = event;
            const isSame = field.value.trim() === name.trim();
            field.setCustomValidity(isSame ? "" : t("desk.personal.other_name"));
          }}
        />
      </div>
      ${failure ? html`<p class="failed" role="alert">${failure}</p>` : null}
      <p class="message-actions">
        <button>${t("desk.personal.go")}</button>
        <button type="button" onClick=${onClose}>${t("desk.many.cancel")}</button>
      </p>
    </form>
  <//>`;
}

/** @param {{erasure: Erasure}} props */
function Progress({ erasure: { state, done, total } }) {
  const id = useId();
  return html`<p id=${id} role="status">${t(`desk.personal.${state}`)}</p>
    <progress aria-labelledby=${id} value=${state === "done" ? 1 : done} max=${state === "done" ? 1 : Math.max(1, total)}></progress>`;
}

/**
 * Asks how far it is, as long as the dialog is open.
 * @param {Erasure | null} known
 * @param {(erasure: Erasure) => void} setKnown
 */
function useProgress(known, setKnown) {
  useEffect(() => {
    if (known?.state !== "running") return;
    const look = async () => {
      const found = await get(`/admin/users/${known.user_id}/erasure`).catch(() => null);
      setKnown(found ? found.data : { ...known });
    };
    const timer = setTimeout(look, ASK_AGAIN_MS);
    return () => clearTimeout(timer);
  }, [known]);
}
