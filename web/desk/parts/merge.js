/** Merging a ticket into another, which is looked for by its number or by words. */

import { get } from "../../shared/api.js";
import { Dialog, html, useEffect, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { merge } from "../merging.js";
import { closeOverlay } from "../overlays.js";
import { reason } from "../reasons.js";
import { statusWord } from "../sayings.js";

/** @typedef {import("../types.js").Row} Row */

const PAUSE = 200;
const MOST = 8;

/** @param {{ticketId: string}} props */
export function Merge({ ticketId }) {
  const desk = useDesk();
  const source = desk.tickets.get(ticketId)?.value;
  const [q, setQ] = useState("");
  const [into, setInto] = useState(/** @type {Row | null} */ (null));
  const found = useFound(source, q);
  if (!source) return null;
  const choose = (/** @type {Row} */ row) => setInto(row);
  return html`<${Dialog}
    title=${t("desk.merge.title", { number: source.number })}
    closeWord=${t("close")}
    onClose=${closeOverlay}
  >
    <${Find} q=${q} onFind=${setQ} />
    <${Found} rows=${found} into=${into} onChoose=${choose} />
    ${into ? html`<${Consequences} key=${into.id} source=${source} into=${into} />` : null}
  <//>`;
}

/** @param {{q: string, onFind: (q: string) => void}} props */
function Find({ q, onFind }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id}>${t("desk.merge.find")}</label>
    <input
      id=${id}
      type="text"
      autocomplete="off"
      maxlength="200"
      value=${q}
      onInput=${(/** @type {any} */ event) => onFind(event.currentTarget.value)}
    />
  </div>`;
}

/**
 * What can be merged into; without words, what else its customer has.
 * @param {Row | undefined} source
 * @param {string} q
 */
function useFound(source, q) {
  const [rows, setRows] = useState(/** @type {Row[] | null} */ (null));
  useEffect(() => {
    if (!source) return;
    let isOver = false;
    const words = q.trim().replace(/^#/, "");
    const asked = words ? { q: words } : { user_id: source.user_id, sort: "-updated_at" };
    const timer = setTimeout(
      async () => {
        const params = { ...asked, status: ["open", "in_progress", "resolved"], limit: MOST + 1 };
        /** @type {{data: Row[]}} */
        const { data } = await get("/csr/tickets", params).catch(() => ({ data: [] }));
        if (!isOver) setRows(data.filter(({ id }) => id !== source.id).slice(0, MOST));
      },
      words ? PAUSE : 0,
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [source?.id, q]);
  return rows;
}

/** @param {{rows: Row[] | null, into: Row | null, onChoose: (row: Row) => void}} props */
function Found({ rows, into, onChoose }) {
  const name = useId();
  if (!rows) return html`<p role="status">${t("loading")}</p>`;
  if (!rows.length) return html`<p role="status">${t("desk.merge.none")}</p>`;
  return html`<fieldset class="merge-found">
    <legend>${t("desk.merge.into")}</legend>
    ${rows.map(
      (row) => html`<label key=${row.id}>
        <input
          type="radio"
          name=${name}
          checked=${into?.id === row.id}
          onChange=${() => onChoose(row)}
        />
        <span>
          #${row.number} <bdi>${row.title}</bdi>
          <span class="muted"> · <bdi>${row.customer.full_name}</bdi> · ${statusWord(row.status)}</span>
        </span>
      </label>`,
    )}
  </fieldset>`;
}

/**
 * What will happen, and who will read what they could not read.
 * @param {{source: Row, into: Row}} props
 */
function Consequences({ source, into }) {
  const desk = useDesk();
  const [isShared, setShared] = useState(false);
  const [failure, setFailure] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [isRefused, setRefused] = useState(false);
  const isOther = source.user_id !== into.user_id || isRefused;
  const go = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await merge(desk, source, { into: into.id, share: isShared });
      closeOverlay();
    } catch (error) {
      const code = /** @type {{code?: string}} */ (error).code;
      if (code === "different_customers") setRefused(true);
      setFailure(reason(error));
      setBusy(false);
    }
  };
  const numbers = { number: source.number, into: into.number };
  return html`<form onSubmit=${go}>
    <p>${t("desk.merge.will", numbers)}</p>
    ${
      isOther
        ? html`<p><strong>${t("desk.merge.readers", { from: source.customer.full_name, to: into.customer.full_name })}</strong></p>
          <label class="check">
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
      <button class="primary" disabled=${isBusy || (isOther && !isShared)}>${t("desk.merge.go", numbers)}</button>
      <button type="button" onClick=${closeOverlay}>${t("desk.many.cancel")}</button>
    </p>
  </form>`;
}
