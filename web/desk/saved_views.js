/** Views that people save: of their own, and shared ones by admins. */

import { del, patch, post } from "../shared/api.js";
import { navigate } from "../shared/router.js";
import { addressOf, currentList } from "./place.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./store/views.js").Named} Named */

/** Those that everybody has are known by a word, and those that are saved by an id. */
const SAVED = /^[0-9a-f-]{36}$/;

/** @param {Desk} desk */
export const mayShare = ({ me }) => me.role === "admin";

/**
 * The view on the screen, if the person may change it.
 * @param {Desk} desk
 */
export function changeableView(desk) {
  const { list } = currentList();
  const view = "view" in list ? desk.views.byId.value.get(list.view) : undefined;
  if (!view || !SAVED.test(view.id)) return null;
  return view.shared && !mayShare(desk) ? null : view;
}

/**
 * Rejects with an `ApiError`.
 * @param {Desk} desk
 * @param {string | null} id of the view that is changed; null for a new one
 * @param {Pick<Named, "name" | "query" | "shared">} view
 */
export async function saveView(desk, id, view) {
  const { data } = id ? await patch(`/csr/views/${id}`, view) : await post("/csr/views", view);
  await desk.views.load();
  navigate(addressOf({ view: data.id }));
}

/**
 * Rejects with an `ApiError`.
 * @param {Desk} desk
 * @param {string} id
 */
export async function removeView(desk, id) {
  await del(`/csr/views/${id}`);
  navigate("/desk", { replace: true });
  await desk.views.load();
}
