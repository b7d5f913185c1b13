// The chart of one label of a distribution: a click on a bar opens it, and `bar` in the address names it.

import * as address from './address.js';
import { all, byId, setText } from './dom.js';
import { NAMES } from './names.js';
import { t } from './words.js';

/** The recorded distributions, each with the key of its title. @type {Readonly<Record<string, string>>} */
const TITLES = {
  executionTimeDistribution: 'dist.executionTime',
  gasUsageDistribution: 'dist.gasUsage',
  stepsComputedDistribution: 'dist.stepsComputed',
  memoryUsedDistribution: 'dist.memoryUsed',
  chainDistribution: 'dist.chain',
  taskTypeDistribution: 'dist.taskType',
};

/** The label that the address names, in the form of the API; null if it names none. @type {string | null} */
let shown = null;

/** The label whose counts the charts need, in the form of the API; null if none. */
export function askedBar() {
  return shown;
}

/** What a click on a label of this distribution does; undefined if its counts are not recorded. @param {string} distribution */
export function openerOf(distribution) {
  if (!Object.hasOwn(TITLES, distribution)) return undefined;
  return (/** @type {string} */ label) => {
    address.set({ bar: `${distribution}:${label}` });
    byId('bar-figure').scrollIntoView({ block: 'nearest' });
  };
}

/** @param {() => void} changed called when the address names another label, or none */
export function startBar(changed) {
  const show = () => {
    if (!address.isDashboard()) return;
    const now = readBar(address.get('bar'));
    const before = shown;
    shown = now;
    byId('bar-figure').hidden = now === null;
    for (const place of all('[data-text="barTitle"]')) setText(place, now === null ? '–' : titleOf(now));
    if (now !== before) changed();
  };
  byId('bar-close').addEventListener('click', () => address.set({ bar: null }));
  address.listen(show);
  show();
}

/** @param {string | null} text of the address */
function readBar(text) {
  const [distribution = '', ...label] = (text ?? '').split(':');
  return Object.hasOwn(TITLES, distribution) && /^[!-~]{1,64}$/.test(label.join(':')) ? text : null;
}

/** @param {string} bar */
function titleOf(bar) {
  const [distribution = '', ...rest] = bar.split(':');
  const label = rest.join(':');
  const name = distribution === 'chainDistribution' ? NAMES.chainDistribution(label) : label;
  return t('history.bar', { distribution: t(TITLES[distribution] ?? ''), label: name });
}
