/** Merging a ticket into another, which is looked for by its number or by words. */

import { get } from "../../shared/api.js";
import { Dialog, html, useEffect, useId, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { closeOverlay } from "../overlays.js";
import { statusWord } from "../sayings.js";
import { Consequences } from "./merge_consequences.js";

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
      autofocus
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
