/** Until when the person is away: no ticket is assigned to them meanwhile. */

import { ApiError, del, get, put } from "../../shared/api.js";
import { fullTime } from "../../shared/time.js";
import { html, useEffect, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";

/** @typedef {import("../../../client/types.d.ts").Absence} Absence */

const PATH = "/csr/me/away";

export function Away() {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [absence, setAbsence] = useState(/** @type {Absence | null} */ (null));
  const [error, setError] = useState("");
  /** @param {unknown} refused */
  const refuse = (refused) =>
    setError(refused instanceof ApiError ? refused.detail : t("error.other"));
  useEffect(() => {
    get(PATH).then(
      ({ data }) => setAbsence(data),
      () => {},
    );
  }, []);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!form.current) return;
    const given = new FormData(form.current);
    const from = String(given.get("since"));
    const until = new Date(String(given.get("until"))).toISOString();
    const reason = String(given.get("reason")).trim();
    try {
      const { data } = await put(PATH, {
        ...(from && { from: new Date(from).toISOString() }),
        until,
        ...(reason && { reason }),
        reassign: given.has("reassign"),
      });
      setAbsence(data);
      setError("");
    } catch (refused) {
      refuse(refused);
    }
  };
  const end = () => del(PATH).then(() => setAbsence(null), refuse);
  return html`<form ref=${form} class="card" onSubmit=${submit}>
    <h3>${t("desk.absence.title")}</h3>
    ${error ? html`<p class="error" role="alert">${error}</p>` : null}
    ${
      absence
        ? html`<p role="status">
            ${t("desk.absence.is", { from: fullTime(absence.starts_at), until: fullTime(absence.ends_at) })}
          </p>
          <button type="button" onClick=${end}>${t("desk.absence.end")}</button>`
        : html`<label for="away-since">${t("desk.absence.since")}</label>
          <input id="away-since" name="since" type="datetime-local" />
          <label for="away-until">${t("desk.absence.until")}</label>
          <input id="away-until" name="until" type="datetime-local" required />
          <label for="away-reason">${t("desk.absence.reason")}</label>
          <input id="away-reason" name="reason" maxlength="200" autocomplete="off" />
          <label class="check">
            <input type="checkbox" name="reassign" /> ${t("desk.absence.reassign")}
          </label>
          <button class="primary">${t("desk.absence.say")}</button>`
    }
  </form>`;
}
