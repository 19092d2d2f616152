/** Parts whose modules are fetched once they are wanted, or when there is time. */

import { html, useEffect, useState } from "../../shared/ui.js";
import { t } from "../../shared/words.js";

/** @typedef {() => Promise<any>} Load */

/** What has been fetched. @type {Map<Load, any>} */
const modules = new Map();

/** @param {Load} load */
export async function fetchPart(load) {
  if (!modules.has(load)) modules.set(load, await load());
  return modules.get(load);
}

/** @param {{load: Load, name: string, with?: object}} props `name`: what of the module is shown */
export function Later({ load, name, with: given = {} }) {
  const [state, setState] = useState(modules.has(load) ? "ready" : "loading");
  const fetch = () => {
    // It may have come since it was drawn: that is said, too.
    setState(modules.has(load) ? "ready" : "loading");
    fetchPart(load).then(
      () => setState("ready"),
      () => setState("failed"),
    );
  };
  useEffect(fetch, [load]);
  if (state === "failed") {
    return html`<div class="empty" role="alert">
      <p>${t("desk.failed")}</p>
      <button type="button" onClick=${() => location.reload()}>${t("desk.reload")}</button>
    </div>`;
  }
  const Part = modules.get(load)?.[name];
  return Part ? html`<${Part} ...${given} />` : html`<p class="empty">${t("loading")}</p>`;
}
