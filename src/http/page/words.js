// The texts of the page in its language. Files named words-LANGUAGE.js have the texts that all pages share, files named
// texts-LANGUAGE.js those of one page. A text may have parts in braces, and forms for one and for many.

import { LANGUAGE, LANGUAGES, LOCALE } from './language.js';
import { all } from './dom.js';

/** A text, or its forms by the plural category of `n`. @typedef {string | { readonly one: string, readonly other: string }} Text */
/** Texts by key; a key is `SECTION.NAME`. @typedef {Readonly<Record<string, Text>>} Texts */

const NUMBER = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const PLURALS = new Intl.PluralRules(LANGUAGE);
/** The attributes of static elements that name a key, and what each sets. */
const ATTRIBUTES = /** @type {const} */ ([
  ['data-t-label', 'aria-label'],
  ['data-t-title', 'title'],
  ['data-t-placeholder', 'placeholder'],
  ['data-t-roledescription', 'aria-roledescription'],
  ['data-t-data', 'data-title'],
]);

/** @type {Texts} */
const TEXTS = { ...(await load('words')), ...(LANGUAGES.length > 1 ? await load('texts') : {}) };

/** @param {'words' | 'texts'} kind @returns {Promise<Texts>} */
async function load(kind) {
  return (await import(`./${kind}-${LANGUAGE}.js`)).default;
}

/**
 * The text of this key, with `values` in the place of its parts. `n` chooses the form, and stands in the text as a
 * number of the browser's form.
 * @param {string} key
 * @param {Readonly<Record<string, string | number>>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = TEXTS[key];
  if (text === undefined) throw new Error(`no text has the key ${key}`);
  const { n } = values;
  const form = typeof text === 'string' ? text : text[PLURALS.select(Number(n)) === 'one' ? 'one' : 'other'];
  return spaced(form).replaceAll(/\{(\w+)\}/g, (part, name) => {
    const value = values[name];
    return typeof value === 'number' ? NUMBER.format(value) : (value ?? part);
  });
}

/** No line breaks before a percent sign, nor in French before the marks that have a space there. @param {string} text */
function spaced(text) {
  return text.replaceAll(LANGUAGE === 'fr' ? / (?=[:;!?»%])|(?<=«) /g : / (?=%)/g, '\u{a0}');
}

/** True if a text has this key. @param {string} key */
export function hasText(key) {
  return Object.hasOwn(TEXTS, key);
}

/**
 * The text of this key; if there is none, which happens with a name that is newer than the page, the name itself with
 * spaces.
 * @param {string} key @param {string} name
 */
export function wordOf(key, name) {
  return hasText(key) ? t(key) : name.replaceAll('_', ' ');
}

/** Puts the texts of the page's language in the place of the English ones that the file of the page has. */
export function translatePage() {
  document.documentElement.lang = LANGUAGE;
  if (LANGUAGE === 'en') return;
  for (const element of all('[data-t]')) element.textContent = t(element.dataset.t ?? '');
  for (const [key, attribute] of ATTRIBUTES)
    for (const element of all(`[${key}]`))
      element.setAttribute(attribute, t(element.getAttribute(key) ?? ''));
}
