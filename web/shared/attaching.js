// @ts-check
/** Where files are added to a message: the button, what is on its way, what is dropped or pasted. */
import { sizeWord } from "./attachments.js";
import { html, Icon, useRef } from "./ui.js";
import { has, t } from "./words.js";

/** @typedef {import("./uploads.js").Uploads} Uploads */

/** @param {{uploads: Uploads}} props */
export function AttachButton({ uploads }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const chosen = () => {
    if (!input.current) return;
    uploads.add(input.current.files ?? []);
    input.current.value = ""; // The same one may be chosen again.
  };
  return html`<button type="button" class="quiet attach" onClick=${() => input.current?.click()}>
      <${Icon} name="clip" /> ${t("attachments.add")}
    </button>
    <input ref=${input} type="file" multiple hidden aria-hidden="true" onChange=${chosen} />`;
}

/** @param {{uploads: Uploads}} props */
export function UploadList({ uploads }) {
  const files = uploads.files.value;
  if (!files.length) return null;
  return html`<ul class="uploads" aria-label=${t("attachments")}>
    ${files.map(
      ({ key, name, size, sent, code, info }) => html`<li key=${key}>
        <bdi>${name}</bdi>
        <span class="muted">${sizeWord(size)}</span>
        ${
          code
            ? html`<span class="failed" role="alert">${failure(code)}</span>`
            : info
              ? null
              : html`<progress value=${sent} aria-label=${name}></progress>`
        }
        <button
          type="button"
          class="quiet"
          aria-label=${t("attachments.remove", { name })}
          onClick=${() => uploads.remove(key)}
        >
          <${Icon} name="close" />
        </button>
      </li>`,
    )}
  </ul>`;
}

/** @param {string} code */
function failure(code) {
  const key = `attachments.failed.${code}`;
  return t(has(key) ? key : "attachments.failed");
}

/** @param {DataTransfer | null} from */
const hasFiles = (from) => from?.types.includes("Files") ?? false;

// A file that is dropped beside is opened by the browser in the page's place, and what one wrote is
// gone from the screen: nothing takes it there.
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => {
    const { dataTransfer } = /** @type {DragEvent} */ (event);
    if (event.defaultPrevented || !dataTransfer || !hasFiles(dataTransfer)) return;
    event.preventDefault();
    dataTransfer.dropEffect = "none";
  });
}

/** Files that are dropped or pasted where one writes. @param {Uploads} uploads */
export function fileListeners(uploads) {
  return {
    onDragOver: (/** @type {DragEvent} */ event) => {
      if (hasFiles(event.dataTransfer)) event.preventDefault();
    },
    onDrop: (/** @type {DragEvent} */ event) => {
      if (!event.dataTransfer || !hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      uploads.add(event.dataTransfer.files);
    },
    onPaste: (/** @type {ClipboardEvent} */ event) => {
      const files = event.clipboardData?.files;
      if (!files?.length) return;
      event.preventDefault();
      uploads.add(files);
    },
  };
}
