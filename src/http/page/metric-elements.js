// The elements with `data-metric` show the member of the network's statistics that they name: a `data` a number, a `div` a
// distribution. Pages of several programs have them.

import { barsOf, showBars } from './bars.js';
import { all, setText } from './dom.js';
import { count, tenths } from './format.js';
import { t } from './words.js';

/** Percentages of the tasks that completed or failed: without such a task they say nothing. */
const RATES = new Set(['successRate', 'cacheHitRate']);
const PLACES = new Set(['continentDistribution', 'locationDistribution']);

/** True if the statistics have this member as a percentage. @param {string} name */
export function isRate(name) {
  return RATES.has(name);
}

/**
 * Shows the statistics in all these elements.
 * @param {any} statistics null if there are none
 * @param {Readonly<Record<string, readonly string[]>>} [vocabularies] by distribution, labels that it shows in any case
 * @param {Readonly<Record<string, (label: string) => string>>} [names] by distribution, the name of a label for people
 * @param {(distribution: string) => ((label: string) => void) | undefined} [opens] what a click on a label of it does
 */
export function showMetrics(statistics, vocabularies = {}, names = {}, opens = () => undefined) {
  for (const element of all('data[data-metric]')) showNumber(element, statistics);
  for (const place of all('div[data-metric]')) {
    const name = place.dataset.metric ?? '';
    const labels = vocabularies[name] ?? (place.dataset.closed === undefined ? null : []);
    showBars(
      place,
      place.dataset.title ?? '',
      barsOf(statistics?.[name] ?? {}, labels).map((bar) => ({
        ...bar,
        ...(names[name] && { name: names[name](bar.label) }),
      })),
      PLACES.has(name) ? t('bars.no-places') : t('bars.none'),
      opens(name),
    );
  }
}

/**
 * @param {HTMLElement} element
 * @param {any} statistics
 */
function showNumber(element, statistics) {
  const name = element.dataset.metric ?? '';
  const value = statistics?.[name] ?? undefined;
  const isNone =
    value === undefined ||
    (isRate(name) && (statistics.completedTasks ?? 0) + (statistics.failedTasks ?? 0) === 0);
  element.setAttribute('value', value === undefined ? '' : String(value));
  element.classList.toggle('none', isNone);
  setText(element, isNone ? '–' : isRate(name) ? tenths(value) : count(value));
}
