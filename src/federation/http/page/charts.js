// The history charts: nodes, tasks, invoices, success rate. It defines each chart and loads the recorded rows.

import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { lineOf, pacesOf } from './chart-line.js';
import { count, rate, tenths } from './format.js';

const POINTS = 400;
/** The pages of many users must not all send their request at the same moment. */
const SPREAD_MS = 3000;

/** The recorded statistics of all time, and of the hour before each row. @typedef {{ all: any, hour: any }} Histories */

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'nodes',
    title: 'Active nodes',
    format: count,
    // Half a node does not exist, so the axis has whole numbers only.
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
  // Ends the span at a whole tick, so that all pages ask the same question and share one answer.
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

/** The success rates; null while no task had ended. @param {Record<string, number[]>} series */
function successes({ successRate = [], completedTasks = [], failedTasks = [] }) {
  return successRate.map((value, index) =>
    (completedTasks[index] ?? 0) + (failedTasks[index] ?? 0) === 0 ? null : value,
  );
}
