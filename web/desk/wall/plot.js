/** Bars by the hour, with their numbers for those who do not see them. */

import { clockTime } from "../../shared/time.js";
import { html } from "../../shared/ui.js";
import { t } from "../../shared/words.js";

const [WIDTH, HEIGHT, GAP] = [480, 96, 4];

/** @param {{title: string, hours: import("./day.js").Hour[], of: "arrivals" | "answers"}} props */
export function Plot({ title, hours, of }) {
  const most = Math.max(1, ...hours.map((hour) => hour[of]));
  const sum = hours.reduce((total, hour) => total + hour[of], 0);
  const step = WIDTH / Math.max(1, hours.length);
  return html`<figure class="plot">
    <figcaption>${title}: <strong>${sum}</strong></figcaption>
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
      ${hours.map((hour, n) => {
        const height = (hour[of] / most) * HEIGHT;
        return html`<rect
          key=${hour.at}
          x=${n * step + GAP / 2}
          y=${HEIGHT - height}
          width=${step - GAP}
          height=${height}
        />`;
      })}
      <line x1="0" y1=${HEIGHT} x2=${WIDTH} y2=${HEIGHT} />
    </svg>
    <table class="visually-hidden">
      <caption>${title}</caption>
      <thead><tr><th scope="col">${t("desk.wall.hour")}</th><th scope="col">${t("desk.wall.number")}</th></tr></thead>
      <tbody>
        ${hours.map(
          (hour) => html`<tr key=${hour.at}>
            <th scope="row">${clockTime(new Date(hour.at).toISOString())}</th>
            <td>${hour[of]}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </figure>`;
}
