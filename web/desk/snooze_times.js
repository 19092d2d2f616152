/** The times that a snooze is offered. */

/** @typedef {"hour" | "evening" | "tomorrow" | "monday" | "week"} Preset */

const MORNING = 9;
const EVENING = 18;
const MONDAY = 1;
const DAYS = 7;

/**
 * The times that one is offered, the nearest first: of days as the clock on the wall has them.
 * @param {Date} now
 * @returns {{name: Preset, at: Date}[]}
 */
export function presets(now) {
  /**
   * @param {number} days
   * @param {number} hour
   */
  const day = (days, hour) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const toMonday = (MONDAY - now.getDay() + DAYS) % DAYS || DAYS;
  const hour = new Date(now);
  hour.setHours(hour.getHours() + 1);
  /** @type {{name: Preset, at: Date}[]} */
  const all = [
    { name: "hour", at: hour },
    { name: "evening", at: day(0, EVENING) },
    { name: "tomorrow", at: day(1, MORNING) },
    { name: "monday", at: day(toMonday, MORNING) },
    { name: "week", at: day(DAYS, MORNING) },
  ];
  const isNew = (/** @type {{at: Date}} */ { at }, /** @type {number} */ n) =>
    at > now && (n === 0 || at > hour) && all.findIndex((one) => +one.at === +at) === n;
  return all.filter(isNew).sort((a, b) => +a.at - +b.at);
}
