/** Whether anybody is in front of the page. */

const AFTER_MS = 5 * 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "focus"];

/** @param {(isIdle: boolean) => void} tell called when that changes; at first somebody is there */
export function followIdle(tell) {
  let heard = Date.now();
  let isIdle = false;
  /** @param {boolean} now */
  const set = (now) => {
    if (now !== isIdle) tell(now);
    isIdle = now;
  };
  const sign = () => {
    heard = Date.now();
    set(false);
  };
  const look = () => {
    const left = heard + AFTER_MS - Date.now();
    set(left <= 0);
    setTimeout(look, left > 0 ? left : AFTER_MS);
  };
  for (const name of SIGNS) addEventListener(name, sign, { passive: true, capture: true });
  look();
}
