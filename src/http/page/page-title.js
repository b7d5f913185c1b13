// The title of the tab: what is wrong with the numbers, if anything, then what the page shows. The icon of the tab has
// another colour while something is wrong.

const ICONS = { well: 'assets/icon.svg', warned: 'assets/icon-warned.svg', wrong: 'assets/icon-wrong.svg' };

let view = document.title;
let trouble = '';

/** @param {string} title what the page shows */
export function titleView(title) {
  view = title;
  show();
}

/**
 * @param {keyof typeof ICONS} state
 * @param {string} short what is wrong; not shown while all is well
 */
export function titleState(state, short) {
  trouble = state === 'well' ? '' : short;
  show();
  const icon = document.querySelector('link[rel="icon"]');
  if (icon !== null && icon.getAttribute('href') !== ICONS[state]) icon.setAttribute('href', ICONS[state]);
}

function show() {
  const title = trouble === '' ? view : `${trouble} · ${view}`;
  if (document.title !== title) document.title = title;
}
