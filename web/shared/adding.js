// @ts-check
/** What it takes to add files to a message: read once there is somewhere to add them to. */
import { signal } from "./ui.js";

/** @typedef {typeof import("./uploads.js") & typeof import("./attaching.js")} Adding */

/** Null until it is there. @type {import("@preact/signals").Signal<Adding | null>} */
export const adding = signal(null);

/** Offline one writes without files, until the next try. */
export async function prepareAdding() {
  if (adding.peek()) return;
  const read = Promise.all([import("./uploads.js"), import("./attaching.js")]);
  await read.then(
    ([uploads, parts]) => {
      adding.value = { ...uploads, ...parts };
    },
    () => {},
  );
}
