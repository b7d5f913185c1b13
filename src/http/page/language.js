// The language of the page, and the form of its numbers and dates. The page offers the languages in `data-languages` of
// its root element. The address may name one (`lang`), then the one that was chosen before holds, then the browser's.

const NAME = 'aggregator-language';

/** The languages that this page offers; English is always one. @type {readonly string[]} */
export const LANGUAGES = (document.documentElement.dataset.languages ?? 'en').split(' ');

const chosen = [named(), remembered()].find((language) => LANGUAGES.includes(language));

/** The language of the texts. */
export const LANGUAGE =
  chosen ?? navigator.languages.map(primary).find((language) => LANGUAGES.includes(language)) ?? 'en';

/** The locale of numbers and dates: the browser's, unless the user chose a language that the browser does not have. */
export const LOCALE =
  chosen === undefined
    ? navigator.language
    : (navigator.languages.find((locale) => primary(locale) === chosen) ?? chosen);

/** Shows the page in another language. @param {string} language */
export function chooseLanguage(language) {
  try {
    localStorage.setItem(NAME, language);
  } catch {
    // Without storage the page keeps the browser's language.
  }
  const [path = '', query = ''] = location.hash.split('?');
  const parameters = new URLSearchParams(query);
  parameters.delete('lang');
  const rest = parameters.toString();
  history.replaceState(null, '', rest === '' ? path || '#/' : `${path}?${rest}`);
  location.reload();
}

function named() {
  return new URLSearchParams(location.hash.split('?')[1] ?? '').get('lang') ?? '';
}

function remembered() {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} locale */
function primary(locale) {
  return locale.split('-')[0] ?? locale;
}
