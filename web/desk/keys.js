/** Shortcuts: which command a key means where the focus is. */

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string} word the key of its name in the words
 * @property {string} group
 * @property {string[]} [keys] such as `j`, `Ctrl+k`, `g n` (one after the other)
 * @property {() => boolean} [when] whether it makes sense now
 * @property {boolean} [everywhere] also while one writes
 * @property {boolean} [repeats] also while the key is held
 * @property {() => unknown} run
 */

/** Between the two keys of a sequence. */
const SEQUENCE_MS = 1500;
const PLAIN = new Set(["ArrowDown", "ArrowUp", "Enter", "Escape"]);

/**
 * A key as the table writes it: by what it means and not by where it is, so that layouts do not
 * matter. Shift is in the meaning of a letter (`U`), and named for others.
 * @param {KeyboardEvent} event
 */
export function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const command = ctrlKey || metaKey;
  const name = command && key.length === 1 ? key.toLowerCase() : key;
  const isShifted = shiftKey && (command || key.length > 1);
  return `${command ? "Ctrl+" : ""}${altKey ? "Alt+" : ""}${isShifted ? "Shift+" : ""}${name}`;
}

/** @param {EventTarget | null} target */
export function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  const isField = target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
  return isField || target.isContentEditable;
}

/**
 * A key that types a character: it can be switched off.
 * @param {string} key
 */
export const isSingle = (key) => !key.startsWith("Ctrl+") && !PLAIN.has(key);

/** Keeps what a sequence began with. */
export class Keys {
  /** @type {string | null} */ #first = null;
  #until = 0;
  #commands;
  #mayUseSingle;

  /**
   * @param {() => Command[]} commands
   * @param {() => boolean} mayUseSingle
   */
  constructor(commands, mayUseSingle) {
    this.#commands = commands;
    this.#mayUseSingle = mayUseSingle;
  }

  /**
   * The command that a key press means; `"begun"` where it begins a sequence.
   * @param {{key: string, isWriting: boolean, isRepeat: boolean, now: number}} press
   * @returns {Command | "begun" | null}
   */
  press({ key, isWriting, isRepeat, now }) {
    if (isSingle(key) && (isWriting || !this.#mayUseSingle())) return null;
    const first = now < this.#until ? this.#first : null;
    this.#first = null;
    const possible = this.#commands().filter(
      (command) =>
        (!isWriting || command.everywhere) &&
        (!isRepeat || command.repeats) &&
        (command.when?.() ?? true),
    );
    const written = first ? `${first} ${key}` : key;
    const found = possible.find(({ keys }) => keys?.includes(written));
    if (found) return found;
    if (first || !possible.some(({ keys }) => keys?.some((k) => k.startsWith(`${key} `)))) {
      return null;
    }
    this.#first = key;
    this.#until = now + SEQUENCE_MS;
    return "begun";
  }
}
