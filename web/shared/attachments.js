// @ts-check
/** Files of messages as they are shown, and those that are being added to one. */
import { html, Icon, useRef } from "./ui.js";
import { has, locale, t } from "./words.js";

/** @typedef {import("../../client/types.d.ts").AttachmentInfo} Info */
/** @typedef {import("./uploads.js").Uploads} Uploads */

/** What a browser shows in a page; what else is a file to be saved. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** @param {number} size in bytes */
function sizeWord(size) {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[unit],
    maximumSignificantDigits: 2,
  }).format(size / 1000 ** unit);
}

/** By the cookie of whoever reads the page: no right is in it. @param {Info} file */
const addressOf = ({ id }) => `/attachments/${id}`;

/** @param {{files: Info[] | undefined}} props */
export function Attachments({ files }) {
  if (!files?.length) return null;
  return html`<ul class="attachments" aria-label=${t("attachments")}>
    ${files.map((file) => html`<li key=${file.id}><${Attachment} file=${file} /></li>`)}
  </ul>`;
}

/** @param {{file: Info}} props */
function Attachment({ file }) {
  const href = addressOf(file);
  if (PICTURES.has(file.type)) {
    // Its place is kept free, so that nothing moves when it comes.
    return html`<a href=${href} target="_blank" rel="noopener">
      <img
        src=${href}
        alt=${file.name}
        width=${file.width}
        height=${file.height}
        loading="lazy"
        decoding="async"
      />
    </a>`;
  }
  return html`<a href=${href} download=${file.name}>
    <${Icon} name="clip" /> <bdi>${file.name}</bdi>
    <span class="muted">${sizeWord(file.size)}</span>
  </a>`;
}

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

/** Files that are dropped or pasted where one writes. @param {Uploads} uploads */
export function fileListeners(uploads) {
  /** @param {DataTransfer | null} from */
  const hasFiles = (from) => from?.types.includes("Files") ?? false;
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
