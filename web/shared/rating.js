// @ts-check
/** Asks the customer how their ticket was resolved, once it is. */
import { html, useEffect, useRef, useState } from "./ui.js";
import { t } from "./words.js";

/** @typedef {import("../../client/types.d.ts").Rating} Answer */

const SCORES = [1, 2, 3, 4, 5];
const OVER = ["resolved", "closed"];

/**
 * @param {object} props
 * @param {string} props.ticketId
 * @param {string} props.status
 * @param {(method: "GET" | "POST", path: string, body?: object) => Promise<Answer>} props.ask
 */
export function Rating({ ticketId, status, ask }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [rating, setRating] = useState(/** @type {Answer | null} */ (null));
  const [state, setState] = useState(
    /** @type {"asking" | "changing" | "failed" | "done"} */ ("asking"),
  );
  const path = `/users/tickets/${ticketId}/rating`;
  const isOver = OVER.includes(status);
  useEffect(() => {
    setState("asking");
    if (!isOver) setRating(null);
    else ask("GET", path).then(setRating, () => {}); // Nobody is asked where that cannot be known.
  }, [path, isOver]);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (!form.current) return;
    const given = new FormData(form.current);
    const comment = String(given.get("comment")).trim() || null;
    ask("POST", path, { score: Number(given.get("score")), comment }).then(
      (answer) => {
        setRating(answer);
        setState("done");
      },
      () => setState("failed"),
    );
  };
  if (!rating?.until) return null;
  if (rating.score !== null && (state === "asking" || state === "done")) {
    return html`<p class="rating">
      <span role="status">
        ${state === "done" ? t("rating.thanks") : t("rating.given", { score: rating.score })}
      </span>${" "}
      <button type="button" class="quiet" onClick=${() => setState("changing")}>
        ${t("rating.change")}
      </button>
    </p>`;
  }
  if (rating.score === null && !rating.asked) return null;
  return html`<form ref=${form} class="card rating" onSubmit=${submit}>
    <h2>${t("rating.title")}</h2>
    ${state === "failed" ? html`<p class="error" role="alert">${t("error.other")}</p>` : null}
    <fieldset class="scores">
      <legend>${t("rating.score")}</legend>
      ${SCORES.map(
        (score) => html`<label key=${score}>
          <input type="radio" name="score" value=${score} defaultChecked=${score === rating.score} required /> ${score}${" "}
          <span class="muted">${t(`rating.score.${score}`)}</span>
        </label>`,
      )}
    </fieldset>
    <label for="rating-comment">${t("rating.comment")}</label>
    <textarea id="rating-comment" name="comment" maxlength="2000" rows="2" dir="auto" defaultValue=${rating.comment ?? ""}></textarea>
    <button>${t("rating.submit")}</button>
  </form>`;
}
