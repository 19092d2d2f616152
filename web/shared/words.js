// @ts-check
/** The words of the pages, in the language that the server chose for this page. */

/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Word */

export const language = document.documentElement.lang || "en";
/** The reader's own form of that language: British dates are not American ones. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

/** @type {Map<string, Word>} */
const known = new Map();
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(locale);

/**
 * Reads the words of pages, before anything is shown: `await load("common", "desk")`.
 *
 * @param {...string} pages
 */
export async function load(...pages) {
  const read = await Promise.all(pages.map((page) => import(`./words/${language}/${page}.js`)));
  for (const { default: words } of read) {
    for (const [key, word] of Object.entries(words)) known.set(key, word);
  }
}

/**
 * `t("desk.new", {count: 3})`: the word with its values. Of a word with plural forms, the one that
 * `count` takes.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const word = known.get(key);
  if (word === undefined) throw new Error(`No word: ${key}`);
  const text = typeof word === "string" ? word : formOf(word, Number(values.count));
  return text.replace(/\{(\w+)\}/g, (whole, name) => shown(values[name] ?? whole));
}

/** The keys that begin so, in the order of their file. @param {string} prefix */
export const keysOf = (prefix) => [...known.keys()].filter((key) => key.startsWith(prefix));

/** @param {string} key */
export const has = (key) => known.has(key);

/**
 * @param {Exclude<Word, string>} forms
 * @param {number} count
 */
const formOf = (forms, count) => forms[plural.select(count)] ?? forms.other ?? "";

/** @param {string | number} value */
const shown = (value) => (typeof value === "number" ? number.format(value) : value);
