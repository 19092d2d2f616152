/** The palette: everything there is, by typing its beginning. */

import {
  html,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { commandChoices, fieldChoices, fitting, foundChoices } from "../choices.js";
import { useDesk } from "../desk.js";
import { fetchLabels } from "../labels.js";
import { closeOverlay } from "../overlays.js";
import { Keys } from "./help.js";

/** @typedef {import("../choices.js").Choice} Choice */
/** @typedef {import("../overlays.js").Field} Field */

const PAUSE = 120;
const MOST = 60;
const LONGEST_TAG = 32;

/** @param {{field?: Field}} props */
export function Palette({ field }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const choices = useChoices(field, typed.trim());
  const chosen = choices[Math.min(at, choices.length - 1)];
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
    };
  }, []);
  useLayoutEffect(() => {
    dialog.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen?.id]);
  /** @param {Choice | undefined} choice */
  const run = (choice) => {
    if (!choice) return;
    closeOverlay();
    // After the dialog has given the focus back.
    setTimeout(choice.run, 0);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (event.key === "Enter") run(chosen);
    else if (by) setAt((before) => Math.max(0, Math.min(choices.length - 1, before + by)));
    else return;
    event.preventDefault();
  };
  const title = field ? t(`desk.field.${field}`) : t("desk.palette.title");
  return html`<dialog
    ref=${dialog}
    class="palette"
    aria-label=${title}
    onClick=${(/** @type {Event} */ event) => event.target === dialog.current && closeOverlay()}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      closeOverlay();
    }}
  >
    <input
      type="text"
      role="combobox"
      aria-expanded="true"
      aria-controls=${id}
      aria-autocomplete="list"
      aria-activedescendant=${chosen ? `${id} ${chosen.id}`.replaceAll(" ", "_") : undefined}
      aria-label=${field ? title : t("desk.palette.label")}
      placeholder=${field ? title : t("desk.palette.hint")}
      autocomplete="off"
      maxlength="200"
      value=${typed}
      onInput=${(/** @type {{currentTarget: HTMLInputElement}} */ { currentTarget }) => {
        setTyped(currentTarget.value);
        setAt(0);
      }}
      onKeyDown=${onKeyDown}
    />
    <ul id=${id} role="listbox" aria-label=${title}>
      ${choices.map(
        (choice) => html`<li
          key=${choice.id}
          id=${`${id} ${choice.id}`.replaceAll(" ", "_")}
          role="option"
          aria-selected=${String(choice === chosen)}
          onClick=${() => run(choice)}
        >
          <span class="option-label"><bdi>${choice.label}</bdi></span>
          ${choice.hint ? html`<span class="muted"><bdi>${choice.hint}</bdi></span>` : null}
          ${choice.keys ? html`<${Keys} keys=${choice.keys} />` : null}
        </li>`,
      )}
    </ul>
    ${choices.length ? null : html`<p class="empty" role="status">${t("desk.palette.none")}</p>`}
  </dialog>`;
}

/**
 * @param {Field | undefined} field
 * @param {string} typed
 * @returns {Choice[]}
 */
function useChoices(field, typed) {
  const desk = useDesk();
  const [labels, setLabels] = useState({
    categories: /** @type {string[]} */ ([]),
    tags: /** @type {string[]} */ ([]),
  });
  const [found, setFound] = useState(/** @type {Choice[]} */ ([]));
  useEffect(() => {
    if (field === "tags" || field === "category") fetchLabels().then(setLabels, () => {});
  }, [field]);
  useEffect(() => {
    if (field || typed.length < 2) {
      setFound([]);
      return undefined;
    }
    let isWanted = true;
    const timer = setTimeout(() => {
      foundChoices(typed).then(
        (choices) => isWanted && setFound(choices),
        () => {},
      );
    }, PAUSE);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [field, typed]);
  const own = useMemo(
    () => (field ? fieldChoices(desk, field, labels) : commandChoices(desk)),
    [field, labels],
  );
  const shown = fitting(own, typed);
  if (field === "tags" && typed && !own.some(({ label }) => label === typed)) {
    const tag = typed.slice(0, LONGEST_TAG);
    shown.push({
      id: "new",
      label: t("desk.tag.new", { tag }),
      run: () => desk.bulk.make({ addTags: [tag] }),
    });
  }
  return [...shown, ...found].slice(0, MOST);
}
