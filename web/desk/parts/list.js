/** The list of tickets: of however many there are, those in sight are drawn. */

import { html, useEffect, useLayoutEffect, useRef, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { drawn } from "../window.js";
import { EmptyList } from "./empty_list.js";
import { useFreeze } from "./freeze.js";
import { Row } from "./row.js";

/** As `--row` in the style sheet. */
const ROW_REM = 5.25;
const FIRST_HEIGHT = 900;
/** Ages in the rows grow this often. */
const MINUTE = 60_000;

/** @param {{top: number, height: number}} a @param {{top: number, height: number}} b */
const isSame = (a, b) => a.top === b.top && a.height === b.height;

export function List() {
  const list = useDesk().list.value;
  return list
    ? html`<${Rows} key=${JSON.stringify(list.query)} list=${list} />`
    : html`<${EmptyList} />`;
}

/** @param {{list: import("../store/view.js").View}} props */
function Rows({ list }) {
  const desk = useDesk();
  const pane = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [sight, setSight] = useState({ top: 0, height: FIRST_HEIGHT });
  const [rowHeight] = useState(measured);
  const freeze = useFreeze(list);
  const now = useNow();
  const revision = list.revision.value;
  const state = list.state.value;
  const ids = list.shown;
  const { from, to } = drawn({ ...sight, rowHeight, count: ids.length });
  const look = () => {
    const { scrollTop: top = 0, clientHeight: height = 0 } = pane.current ?? {};
    const step = top - (top % rowHeight);
    setSight((before) => (isSame(before, { top: step, height }) ? before : { top: step, height }));
  };
  useEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    if (pane.current) observer.observe(pane.current);
    return () => observer.disconnect();
  }, []);
  useAnchor(pane, ids, rowHeight);
  const cursor = useCursor(pane, ids, rowHeight);
  useEffect(() => {
    if (to >= ids.length - 60) desk.views.more(list);
    // Each page that came is a revision: what was wanted while it was on its way is asked for now.
  }, [from, to, revision, list]);
  useEffect(() => desk.showRows(ids.slice(from, to)), [from, to, ids.length, list]);
  if (!ids.length) return html`<${EmptyList} list=${list} />`;
  const total = list.next ? -1 : ids.length;
  const shown = ids.slice(from, to);
  // One row can be reached by Tab: that of the keys, if it is drawn.
  const stop = cursor && shown.includes(cursor) ? cursor : shown[0];
  return html`<div class="rows-frame" ...${freeze}>
    <${Pill} list=${list} />
    <div class="rows-pane" ref=${pane} onScroll=${look}>
    <ul
      class="rows"
      role="list"
      aria-label=${t("desk.tickets")}
      aria-busy=${String(state === "loading")}
      style=${{ blockSize: `${ids.length * rowHeight}px` }}
    >
      ${shown.map((id, n) => {
        const place = from + n;
        return html`<${Row} key=${id} id=${id} isStop=${id === stop} place=${place} total=${total} top=${place * rowHeight} now=${now} />`;
      })}
    </ul>
    ${state === "failed" ? html`<${Failed} onClick=${() => desk.views.more(list)} />` : null}
    </div>
  </div>`;
}

/**
 * What waits while nothing moves under the pointer.
 * @param {{list: import("../store/view.js").View}} props
 */
function Pill({ list }) {
  const count = list.held.value;
  if (!count) return null;
  return html`<button type="button" class="pill" onClick=${() => list.thaw()}>
    ${t("desk.updates", { count })}
  </button>`;
}

/** @param {{onClick: () => void}} props */
const Failed = ({ onClick }) => html`<div class="empty" role="alert">
  <p>${t("desk.list.failed")}</p>
  <button type="button" onClick=${onClick}>${t("desk.try_again")}</button>
</div>`;

/** A row's height in pixels, which grows with the reader's letters. */
const measured = () =>
  ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

function useNow() {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/**
 * What one reads stays where it is, whatever comes above it.
 * @param {{current: HTMLDivElement | null}} pane
 * @param {string[]} ids
 * @param {number} rowHeight
 */
function useAnchor(pane, ids, rowHeight) {
  const before = useRef(ids.slice());
  useLayoutEffect(() => {
    const element = pane.current;
    const old = before.current;
    before.current = ids.slice();
    if (!element || element.scrollTop < rowHeight) return;
    const index = Math.floor(element.scrollTop / rowHeight);
    const anchor = old[index];
    if (anchor === undefined || ids[index] === anchor) return;
    const moved = ids.indexOf(anchor) - index;
    if (ids.includes(anchor)) element.scrollTop += moved * rowHeight;
  });
}

/**
 * The row that the keys are at is in sight, and has the focus if a row had it.
 * @param {{current: HTMLDivElement | null}} pane
 * @param {string[]} ids
 * @param {number} rowHeight
 */
function useCursor(pane, ids, rowHeight) {
  const cursor = useDesk().cursor.value;
  useLayoutEffect(() => {
    const element = pane.current;
    const index = cursor ? ids.indexOf(cursor) : -1;
    if (!element || index < 0) return;
    const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = bottom - element.clientHeight;
    }
  }, [cursor]);
  return cursor;
}
