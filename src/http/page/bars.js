// Shows a distribution as a table with bars; the table is readable without the bars, too. Of a long table it shows the
// first rows, and the rest on demand.

import { make } from './dom.js';
import { count, percent } from './format.js';
import { t } from './words.js';

const SHOWN = 8;
/** Labels that the program itself gives. All others are names of nodes or of the network, which stay as they are. */
const SAID = new Set(['unknown', 'other']);

/**
 * `name` is what people read in the place of the label. @typedef {{ label: string, count: number, name?: string }} Bar
 */

/**
 * Fills `place` with bars in the order given.
 * @param {HTMLElement} place
 * @param {string} title
 * @param {readonly Bar[]} bars
 * @param {string} nothing the text to show if there are no bars
 * @param {(label: string) => void} [open] called when the user asks for more about a label
 */
export function showBars(place, title, bars, nothing, open) {
  const key = JSON.stringify(bars);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  const isOpen = place.dataset.open === 'yes';
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);
  const most = bars.reduce((greatest, bar) => Math.max(greatest, bar.count), 0);
  const rows = bars.map((bar, index) => {
    const meter = make('progress', {
      max: String(most || 1),
      value: String(bar.count),
      'aria-hidden': 'true',
    });
    const share = total === 0 ? '' : percent(bar.count / total);
    const row = make(
      'tr',
      {
        'data-label': bar.label,
        'data-count': String(bar.count),
        title: `${nameOf(bar)}: ${count(bar.count)} ${share}`,
      },
      make('th', { scope: 'row' }, open === undefined ? nameOf(bar) : opener(bar, open)),
      make('td', {}, meter),
      make('td', { class: 'count' }, count(bar.count)),
    );
    row.classList.toggle('zero', bar.count === 0);
    row.hidden = !isOpen && index >= SHOWN && bars.length > SHOWN + 1;
    return row;
  });
  const table = make('table', { class: 'bars' }, make('caption', {}, title), make('tbody', {}, ...rows));
  const parts = [table];
  if (bars.length === 0) parts.push(make('p', { class: 'quiet' }, nothing));
  if (rows.some((row) => row.hidden)) {
    const more = make('button', { type: 'button', class: 'ghost more' }, t('bars.all', { n: bars.length }));
    more.addEventListener('click', () => {
      place.dataset.open = 'yes';
      for (const row of rows) row.hidden = false;
      more.remove();
    });
    parts.push(more);
  }
  place.replaceChildren(...parts);
}

/** What people read; a label may be empty. @param {Bar} bar */
function nameOf({ label, name }) {
  if (label === '') return t('bars.empty');
  if (name !== undefined) return name;
  return SAID.has(label) ? t(`bars.label.${label}`) : label;
}

/** @param {Bar} bar @param {(label: string) => void} open */
function opener(bar, open) {
  const button = make('button', { type: 'button', class: 'bar-name' }, nameOf(bar));
  button.addEventListener('click', () => open(bar.label));
  return button;
}

/**
 * Bars of a distribution. A closed vocabulary has its labels first, in its order and also without a count, then others as
 * they come; without one (null) the largest go first, `other` last.
 * @param {Readonly<Record<string, number>>} distribution
 * @param {readonly string[] | null} vocabulary
 * @returns {Bar[]}
 */
export function barsOf(distribution, vocabulary) {
  const bars = Object.entries(distribution).map(([label, number]) => ({ label, count: number }));
  if (vocabulary !== null) {
    const known = vocabulary.map((label) => bars.find((bar) => bar.label === label) ?? { label, count: 0 });
    return [...known, ...bars.filter(({ label }) => !vocabulary.includes(label))];
  }
  return bars.toSorted(
    (a, b) =>
      Number(a.label === 'other') - Number(b.label === 'other') ||
      b.count - a.count ||
      (a.label < b.label ? -1 : 1),
  );
}
