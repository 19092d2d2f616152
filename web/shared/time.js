// @ts-check
/** Times as people read them, in their zone and language. */
import { locale } from "./words.js";

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const anyYear = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const weekday = new Intl.DateTimeFormat(locale, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @param {string} at */
export const clockTime = (at) => clock.format(new Date(at));

/** The date and time in full, for a tooltip. @param {string} at */
export const fullTime = (at) => whole.format(new Date(at));

/**
 * Short: the time of today, else the day.
 *
 * @param {string} at
 * @param {Date} [now]
 */
export function shortTime(at, now = new Date()) {
  const then = new Date(at);
  if (dayKey(then) === dayKey(now)) return clock.format(then);
  return (then.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(then);
}

/**
 * The heading of a day: today, yesterday, or its date.
 *
 * @param {string} at
 * @param {Date} [now]
 */
export function dayName(at, now = new Date()) {
  const then = new Date(at);
  const days = Math.round((startOfDay(then) - startOfDay(now)) / DAY);
  if (days === 0 || days === -1) return relative.format(days, "day");
  return (then.getFullYear() === now.getFullYear() ? weekday : anyYear).format(then);
}

/** The same text for the same day. @param {string | Date} at */
export function dayKey(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/**
 * How long ago: "5 min. ago".
 *
 * @param {string} at
 * @param {number} [now]
 */
export function ago(at, now = Date.now()) {
  const past = Math.max(0, now - new Date(at).getTime());
  if (past < HOUR) return relative.format(-Math.floor(past / MINUTE), "minute");
  if (past < DAY) return relative.format(-Math.floor(past / HOUR), "hour");
  return relative.format(-Math.floor(past / DAY), "day");
}

/** @param {Date} date */
const startOfDay = (date) =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
