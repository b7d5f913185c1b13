// The history charts: nodes, tasks, invoices, success rate. It defines each chart and loads the recorded rows.

import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { lineOf, pacesOf } from './chart-line.js';
import { count, rate, tenths } from './format.js';
import { askedBar, startBar } from './bar-history.js';
import { MARKED_KINDS, marksOf } from './history-marks.js';
import { IS_PUBLIC } from './public.js';
import { t } from './words.js';

const POINTS = 400;
/** The pages of many users must not all send their request at the same moment. */
const SPREAD_MS = 3000;

/** What charts of the statistics of all time have in common. */
const COMPARED_ALL = {
  hasBefore: true,
  csv: { path: 'api/federation/history.csv', parameters: { period: 'all' } },
};

/** The recorded statistics of all time, and of the hour before each row. @typedef {{ all: any, hour: any }} Histories */

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'nodes',
    title: t('history.nodes'),
    format: count,
    // Half a node does not exist, so the axis has whole numbers only.
    isWhole: true,
    line: (/** @type {Histories} */ { all }) => lineOf(all, all.series.activeNodes),
    parts: (/** @type {Histories} */ { all }) => states(all),
    ...COMPARED_ALL,
  },
  {
    name: 'tasks',
    title: t('history.tasks'),
    format: rate,
    line: (/** @type {Histories} */ { all }) => pacesOf(all, all.series.totalTasks),
    ...COMPARED_ALL,
  },
  {
    name: 'invoices',
    title: t('history.invoices'),
    format: rate,
    line: (/** @type {Histories} */ { all }) => pacesOf(all, all.series.totalInvoices),
    ...COMPARED_ALL,
  },
  {
    name: 'success',
    title: t('history.success'),
    format: (value) => `${tenths(value)} %`,
    range: (least) => [Math.max(0, Math.floor((least - 3) / 5) * 5), 100],
    line: (/** @type {Histories} */ { hour }) => lineOf(hour, successes(hour.series)),
    hasBefore: true,
    csv: { path: 'api/federation/history.csv', parameters: { period: '1h' } },
  },
  {
    name: 'bar',
    title: t('history.bar.title'),
    format: count,
    isWhole: true,
    line: (/** @type {Histories} */ { hour }) => lineOf(hour, hour.bar ?? []),
  },
];

let tick = '';
const frame = new ChartFrame(DEFINITIONS, {
  // Ends the span at a whole tick, so that all pages ask the same question and share one answer.
  nowMs: () => (tick === '' ? Math.ceil(serverNowMs() / 10_000) * 10_000 : Date.parse(tick) + 1),
  async rows(from, to) {
    const bar = askedBar();
    const span = { from, to, points: POINTS };
    const [all, hour] = await Promise.all([
      getJson('api/federation/history', { period: 'all', ...span }),
      getJson('api/federation/history', { period: '1h', ...span, ...(bar !== null && { bar }) }),
    ]);
    return { all, hour };
  },
  async marks(from, to) {
    if (IS_PUBLIC) return [];
    const { events } = await getJson('api/federation/events-log', { kind: MARKED_KINDS, from, to });
    return marksOf(events, Date.parse(to));
  },
  gapName: (span) => t('history.gap', { span }),
});

export function startCharts() {
  frame.start();
  startBar(() => void frame.load());
}

/** @param {any} document of the feed */
export function showCharts(document) {
  const at = document.lastTickAt ?? '';
  if (at === tick) return;
  const isFirst = tick === '';
  tick = at;
  frame.renew(isFirst ? 0 : SPREAD_MS);
}

/** The success rates; null while no task had ended. @param {Record<string, number[]>} series */
function successes({ successRate = [], completedTasks = [], failedTasks = [] }) {
  return successRate.map((value, index) =>
    (completedTasks[index] ?? 0) + (failedTasks[index] ?? 0) === 0 ? null : value,
  );
}

/** The nodes of each state; null if the rows are older than the columns of the states. @param {any} all */
function states(all) {
  const { onlineNodes, staleNodes, offlineNodes } = all.series;
  if (!onlineNodes?.some((/** @type {number | null} */ value) => value !== null)) return null;
  return [
    { name: /** @type {const} */ ('online'), label: t('now.online'), line: lineOf(all, onlineNodes) },
    { name: /** @type {const} */ ('stale'), label: t('now.stale'), line: lineOf(all, staleNodes) },
    { name: /** @type {const} */ ('offline'), label: t('now.offline'), line: lineOf(all, offlineNodes) },
  ];
}
