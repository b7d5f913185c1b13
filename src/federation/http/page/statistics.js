// The statistics of the chosen period at the latest tick, beside those of the period before. They change only with a
// tick; other files show the live numbers.

import { isDashboard, listen } from './address.js';
import { getJson } from './api.js';
import { openerOf } from './bar-history.js';
import { bindChoice } from './choice.js';
import { all, byId, setText, showText } from './dom.js';
import { count, dateTime, span, tenths } from './format.js';
import { isRate, showMetrics } from './metric-elements.js';
import { NAMES } from './names.js';
import { t } from './words.js';
import { cellsOf, showMap } from './world-map.js';

/** Members of the statistics that are compared; the history's columns have the same names. */
const COMPARED = new Set(['activeNodes', 'totalTasks', 'successRate', 'totalInvoices']);
const HOUR_MS = 3_600_000;
const LENGTHS_MS = { '1h': HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, all: 24 * HOUR_MS };
/** Width and height of a published cell. */
const CELL_DEGREES = 0.5;
/** How far a recorded row may be from the wanted time: older rows are further apart. */
const TOLERANCE_MS = { '1h': 0.1 * HOUR_MS, '24h': 0.4 * HOUR_MS, '7d': 2.1 * HOUR_MS, all: 0.4 * HOUR_MS };

/** @typedef {'1h' | '24h' | '7d' | 'all'} Period */

/** @type {Period} */
let period = 'all';
/** @type {any} */
let latest = null;
/** Period and tick of the comparison that is shown. */
let compared = '';

/** Listens for the choice of the period. */
export function startStatistics() {
  bindChoice('period', 'period', (value) => {
    period = /** @type {Period} */ (value);
    show();
  });
  listen(() => isDashboard() && show());
}

/** @param {any} document of the feed */
export function showStatistics(document) {
  latest = document;
  show();
}

function show() {
  const statistics = latest?.statistics?.[period] ?? null;
  showMetrics(statistics, {}, NAMES, openerOf);
  showMap(byId('map'), cellsOf(statistics?.locationDistribution ?? {}, CELL_DEGREES));
  showText('lastUpdated', statistics === null ? t('stats.first') : dateTime(statistics.lastUpdated));
  if (latest !== null) setText(byId('interval'), t('stats.every', { span: span(latest.publishIntervalMs) }));
  if (statistics !== null) void compare(statistics);
}

/** Asks for nothing while nobody can see it. @param {any} statistics */
async function compare(statistics) {
  if (document.hidden || !isDashboard()) return;
  const asked = `${period} ${statistics.lastUpdated}`;
  if (asked === compared) return;
  const isOther = !compared.startsWith(`${period} `);
  compared = asked;
  if (isOther) for (const element of all('[data-delta]')) setText(element, '');
  const wantedMs = Date.parse(statistics.lastUpdated) - LENGTHS_MS[period];
  const history = await getJson('api/federation/history', {
    period,
    from: new Date(wantedMs - TOLERANCE_MS[period]).toISOString(),
    to: new Date(wantedMs + 1).toISOString(),
    points: 20,
  }).catch(() => null);
  if (asked !== compared) return;
  // The next document tries again.
  if (history === null) compared = '';
  for (const element of all('[data-delta]')) {
    const name = element.dataset.delta ?? '';
    const before = COMPARED.has(name) ? history?.series[name].at(-1) : undefined;
    setText(
      element,
      before === undefined ? t('stats.nothing-before') : comparison(name, statistics[name], before),
    );
  }
}

/**
 * @param {string} name
 * @param {number} now
 * @param {number} before
 */
function comparison(name, now, before) {
  if (now === before) return t(`stats.as-before.${period}`);
  const sign = now > before ? '+' : '−';
  const difference = Math.abs(now - before);
  const onBefore = (/** @type {string} */ change) => t(`stats.on-before.${period}`, { change });
  if (isRate(name)) return onBefore(t('stats.points', { change: `${sign}${tenths(difference)}` }));
  const relative =
    before === 0 || period === 'all' ? '' : ` (${sign}${tenths((difference / before) * 100)} %)`;
  return onBefore(`${sign}${count(difference)}${relative}`);
}
