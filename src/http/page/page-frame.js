// What every page has around its numbers: its views, the language, the theme, the zone of its times, and the link that skips
// to the numbers. The page has the elements `main`, `theme`, `theme-text` and, if it offers several languages, `language`.

import { keepTo } from './address.js';
import { all, byId, setText } from './dom.js';
import { zone } from './format.js';
import { chooseLanguage, LANGUAGE } from './language.js';
import { startTheme } from './theme.js';
import { t, translatePage } from './words.js';

/** @param {readonly string[]} [views] the names of the page's views beside its dashboard */
export function startFrame(views = []) {
  keepTo(views);
  translatePage();
  startTheme();
  const language = document.getElementById('language');
  if (language instanceof HTMLSelectElement) {
    language.value = LANGUAGE;
    language.addEventListener('change', () => chooseLanguage(language.value));
  }
  for (const place of all('#zone')) setText(place, t('time.zone', { zone: zone() }));
  // The hash of the address belongs to what the page shows (address.js), so the link moves the focus itself.
  for (const link of all('a.skip'))
    link.addEventListener('click', (event) => {
      event.preventDefault();
      byId('main').focus();
    });
}
