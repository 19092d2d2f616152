/** The dialog that is open. */

import { html } from "../../shared/ui.js";
import { overlay } from "../overlays.js";
import { Help } from "./help.js";
import { Inbox } from "./inbox.js";
import { Many } from "./many.js";
import { Merge } from "./merge.js";
import { Palette } from "./palette.js";
import { Preferences } from "./preferences.js";
import { Remind } from "./remind.js";
import { Snooze } from "./snooze.js";
import { Split } from "./split.js";
import { ViewForm } from "./view_form.js";
import { Why } from "./why.js";

export function Dialogs() {
  const shown = overlay.value;
  switch (shown?.name) {
    case "help":
      return html`<${Help} />`;
    case "notifications":
      return html`<${Inbox} />`;
    case "settings":
      return html`<${Preferences} />`;
    case "save_view":
    case "change_view":
      return html`<${ViewForm} key=${shown.name} isNew=${shown.name === "save_view"} />`;
    case "remind":
      return html`<${Remind} ticketId=${shown.ticketId} />`;
    case "snooze":
      return html`<${Snooze} />`;
    case "many":
      return html`<${Many} change=${shown.change} />`;
    case "why":
      return html`<${Why} ticketId=${shown.ticketId} />`;
    case "merge":
      return html`<${Merge} ticketId=${shown.ticketId} />`;
    case "split":
      return html`<${Split} ticketId=${shown.ticketId} seq=${shown.seq} text=${shown.text} />`;
    case "palette":
      return html`<${Palette} key=${shown.field ?? "all"} field=${shown.field} />`;
    default:
      return null;
  }
}
