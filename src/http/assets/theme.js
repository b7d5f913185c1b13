// Light, dark, or as the system has it; remembered in this browser.

import { byId, setText } from './dom.js';

const NAME = 'aggregator-theme';
const THEMES = ['auto', 'light', 'dark'];
const TEXTS = ['Auto', 'Light', 'Dark'];

export function startTheme() {
  let index = Math.max(0, THEMES.indexOf(localStorage.getItem(NAME) ?? ''));
  const show = () => {
    const theme = THEMES[index] ?? 'auto';
    document.documentElement.dataset.theme = theme;
    setText(byId('theme-text'), TEXTS[index] ?? '');
    document.dispatchEvent(new Event('themechange'));
  };
  byId('theme').addEventListener('click', () => {
    index = (index + 1) % THEMES.length;
    localStorage.setItem(NAME, THEMES[index] ?? 'auto');
    show();
  });
  show();
}
