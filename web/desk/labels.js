/** The categories and tags that tickets have, asked for when they are needed. */

import { get } from "../shared/api.js";

/** @typedef {{name: string}} Named */

/** @returns {Promise<{categories: string[], tags: string[]}>} */
export async function fetchLabels() {
  const { data } = await get("/csr/labels");
  return { categories: data.categories.map(name), tags: data.tags.map(name) };
}

/** @param {Named | string} label */
const name = (label) => (typeof label === "string" ? label : label.name);
