// The history charts: nodes, tasks, invoices, success rate. What each shows, and which recorded rows it asks for.

import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { lineOf, pacesOf } from './chart-line.js';
import { count, rate, tenths } from './format.js';

const POINTS = 400;
/** Pages of many people must not all ask in the same moment. */
const SPREAD_MS = 3000;

/** The recorded statistics of all time, and of the hour before each row. @typedef {{ all: any, hour: any }} Histories */

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'nodes',
    title: 'Active nodes',
    format: count,
    // There is no half node.
    isWhole: true,
    line: (/** @type {Histories} */ { all }) => lineOf(all, all.series.activeNodes),
  },
  {
    name: 'tasks',
    title: 'New tasks a minute',
    format: rate,
    line: (/** @type {Histories} */ { all }) => pacesOf(all, all.series.totalTasks),
  },
  {
    name: 'invoices',
    title: 'New invoices a minute',
    format: rate,
    line: (/** @type {Histories} */ { all }) => pacesOf(all, all.series.totalInvoices),
  },
  {
    name: 'success',
    title: 'Success rate of the hour before',
    format: (value) => `${tenths(value)} %`,
    range: (least) => [Math.max(0, Math.floor((least - 3) / 5) * 5), 100],
    line: (/** @type {Histories} */ { hour }) => lineOf(hour, successes(hour.series)),
  },
];

let tick = '';
const frame = new ChartFrame(DEFINITIONS, {
  // Whole ticks, so that everybody who looks asks the same question.
  nowMs: () => (tick === '' ? Math.ceil(serverNowMs() / 10_000) * 10_000 : Date.parse(tick) + 1),
  async rows(from, to) {
    const [all, hour] = await Promise.all(
      ['all', '1h'].map((period) => getJson('api/federation/history', { period, from, to, points: POINTS })),
    );
    return { all, hour };
  },
});

export function startCharts() {
  frame.start();
}

/** @param {any} document of the feed */
export function showCharts(document) {
  const at = document.lastTickAt ?? '';
  if (at === tick) return;
  const isFirst = tick === '';
  tick = at;
  if (frame.isUpToNow) setTimeout(() => void frame.load(), isFirst ? 0 : Math.random() * SPREAD_MS);
}

/** Where nothing had ended, there is no rate. @param {Record<string, number[]>} series */
function successes({ successRate = [], completedTasks = [], failedTasks = [] }) {
  return successRate.map((value, index) =>
    (completedTasks[index] ?? 0) + (failedTasks[index] ?? 0) === 0 ? null : value,
  );
}
