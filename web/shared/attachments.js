// @ts-check
/** Files of messages as they are shown. */
import { html, Icon, signal } from "./ui.js";
import { locale, t } from "./words.js";

/** @typedef {import("../../client/types.d.ts").AttachmentInfo} Info */

/** What a browser shows in a page; what else is a file to be saved. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** @param {number} size in bytes */
export function sizeWord(size) {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[unit],
    maximumSignificantDigits: 2,
  }).format(size / 1000 ** unit);
}

/** By the cookie of whoever reads the page: no right is in it. @param {Info} file */
const addressOf = ({ id }) => `/attachments/${id}`;

/** What scans have found since the page was loaded, by the files' ids. */
const scans = signal(/** @type {Record<string, string>} */ ({}));

/** What could not be had before is asked for once more. @param {{id: string, state: string}} file */
export const hearScan = ({ id, state }) => {
  scans.value = { ...scans.peek(), [id]: state };
};

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
  const scan = scans.value[file.id];
  if (PICTURES.has(file.type)) {
    // Its place is kept free, so that nothing moves when it comes.
    return html`<a href=${href} target="_blank" rel="noopener">
      <img
        src=${scan ? `${href}?${scan}` : href}
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
