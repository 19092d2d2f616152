// @ts-check
/** The live connection of whoever is signed in, and what is said of it. */
import { DeskClient } from "ticket-desk-client";
import { clientToken } from "../shared/client_token.js";
import { accessToken, session, start } from "../shared/session.js";
import { hasFailed } from "../shared/storage.js";
import { clockTime } from "../shared/time.js";
import { effect, html, render, signal } from "../shared/ui.js";
import { t } from "../shared/words.js";
import { countUnread, hearNew, hearRead } from "./inbox.js";

/** @type {import("@preact/signals").Signal<DeskClient | null>} */
export const client = signal(null);

/** @type {import("@preact/signals").Signal<{isLive: boolean, since: string | null}>} */
export const connection = signal({ isLive: false, since: null });

/** Keeps a connection for as long as somebody is signed in. */
export function stayConnected() {
  const place = document.getElementById("connection");
  if (place) render(html`<${Connection} />`, place);
  effect(() => {
    const isIn = session.value.state === "in";
    if (isIn && !client.peek()) client.value = connected();
    if (!isIn && client.peek()) {
      client.peek()?.close();
      client.value = null;
      connection.value = { isLive: false, since: new Date().toISOString() };
    }
  });
}

function connected() {
  const made = new DeskClient({
    url: location.origin,
    getToken: clientToken(accessToken),
    storage: () => localStorage,
  });
  made.on("storage_failed", () => {
    hasFailed.value = true;
  });
  made.on("connected", () => {
    connection.value = { isLive: true, since: null };
    countUnread();
  });
  made.on("notification", hearNew);
  made.on("notifications_read", hearRead);
  made.on("disconnected", () => {
    connection.value = { isLive: false, since: new Date().toISOString() };
  });
  made.on("signed_out", () => {
    client.value = null;
    start(); // Where somebody is signed in after all, the session says so.
  });
  return made;
}

function Connection() {
  const { isLive, since } = connection.value;
  const offline = since
    ? t("connection.offline", { since: clockTime(since) })
    : t("connection.connecting");
  return html`<p role="status" aria-label=${t("connection")} class=${isLive ? "live" : "offline"}>
    ${isLive ? t("connection.live") : offline}
  </p>`;
}
