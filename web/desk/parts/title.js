/** The tab's title: what is open, and how many notifications are unread. */

import { route } from "../../shared/router.js";
import { useEffect } from "../../shared/ui.js";
import { t } from "../../shared/words.js";
import { useDesk } from "../desk.js";
import { placeOf } from "../place.js";
import { viewName } from "../sayings.js";

const MOST = 99;

export function Title() {
  const desk = useDesk();
  const place = placeOf(route.value);
  const unread = desk.notifications.unread.value;
  const count = unread ? `(${unread > MOST ? `${MOST}+` : unread}) ` : "";
  const row = desk.opened.value?.row.value;
  let what = t("desk.title");
  if (place.page === "ticket" && row) what = `#${row.number} ${row.title}`;
  else if (place.page === "list") what = viewName(desk, place.list);
  else if (place.page !== "ticket") what = t(`desk.${place.page}.title`);
  useEffect(() => {
    document.title = `${count}${what} – ${t("desk.name")}`;
  }, [count, what]);
  return null;
}
