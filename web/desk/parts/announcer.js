import { html } from "../../shared/ui.js";
import { announced } from "../announcements.js";

/** The one polite region; what is written into it is read aloud. */
export const Announcer = () =>
  html`<div class="visually-hidden" aria-live="polite">${announced.value}</div>`;
