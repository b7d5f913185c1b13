// The theme of the page: light, dark, or the system's choice. The browser remembers it.

import { byId, setText } from './dom.js';
import { t } from './words.js';

const NAME = 'aggregator-theme';
const THEMES = ['auto', 'light', 'dark'];

export function startTheme() {
  let index = Math.max(0, THEMES.indexOf(remembered()));
  const show = () => {
    const theme = THEMES[index] ?? 'auto';
    document.documentElement.dataset.theme = theme;
    setText(byId('theme-text'), t(`head.theme.${theme}`));
    document.dispatchEvent(new Event('themechange'));
  };
  byId('theme').addEventListener('click', () => {
    index = (index + 1) % THEMES.length;
    remember(THEMES[index] ?? 'auto');
    show();
  });
  show();
}

// A browser without storage for the page throws even when the page only reads.

function remembered() {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // The theme holds for as long as the page is open.
  }
}
