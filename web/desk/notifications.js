/** The person's inbox of notifications, live. */

import { signal } from "@preact/signals";
import { get, post } from "../shared/api.js";

/** @typedef {import("./types.js").Notification} Notification */

const PAGE = 30;

export class Notifications {
  all = signal(/** @type {Notification[]} */ ([]));
  unread = signal(0);
  /** Where older ones begin. @type {import("@preact/signals").Signal<string | null>} */
  next = signal(/** @type {string | null} */ (null));

  async load() {
    const [page, count] = await Promise.all([
      get("/notifications", { limit: PAGE }),
      get("/notifications", { unread: true, limit: 1, count: true }),
    ]);
    this.all.value = page.data;
    this.next.value = page.next;
    this.unread.value = Number(count.headers.get("X-Total-Count") ?? 0);
  }

  async more() {
    const next = this.next.peek();
    if (!next) return;
    this.next.value = null;
    const page = await get(next);
    this.#take(page.data);
    this.next.value = page.next;
  }

  /** @param {Notification} notification */
  hear(notification) {
    if (this.all.peek().some(({ id }) => id === notification.id)) return;
    this.#take([notification]);
    if (!notification.read_at) this.unread.value += 1;
  }

  /**
   * Read here or in another tab.
   * @param {string[] | "all"} ids
   * @param {number} [unread] how many are unread now, if that was said
   */
  read(ids, unread) {
    const read_at = new Date().toISOString();
    let count = 0;
    this.all.value = this.all.peek().map((notification) => {
      const isNow = !notification.read_at && (ids === "all" || ids.includes(notification.id));
      if (isNow) count += 1;
      return isNow ? { ...notification, read_at } : notification;
    });
    const left = ids === "all" ? 0 : Math.max(0, this.unread.peek() - count);
    this.unread.value = unread ?? left;
  }

  /** @param {string} id */
  async markRead(id) {
    if (this.all.peek().find((one) => one.id === id)?.read_at) return;
    this.read([id]);
    await post(`/notifications/${id}/read`);
  }

  async markAllRead() {
    this.read("all");
    await post("/notifications/read_all");
  }

  /**
   * What is on the screen needs no notification.
   * @param {string} ticketId
   */
  async seen(ticketId) {
    const here = this.all.peek().filter((one) => one.ticket_id === ticketId && !one.read_at);
    await Promise.all(here.map(({ id }) => this.markRead(id)));
  }

  /** @param {Notification[]} more */
  #take(more) {
    const known = new Map(this.all.peek().map((one) => [one.id, one]));
    for (const one of more) known.set(one.id, one);
    this.all.value = [...known.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  }
}
