// The charts of one client: its total return, and its volume. The span ends with its last period, because summaries may
// be about the past.

import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { byId } from './dom.js';
import { amount, percentChange } from './summary-words.js';

const DAY_MS = 86_400_000;
/** Days of each span that the page offers, the shortest first. @type {Readonly<Record<string, number>>} */
const DAYS = { '24h': 1, '7d': 7, '30d': 30, '1y': 365 };

/** @typedef {{ stepMs: number, quote: string, steps: readonly { at: string, growthPct: number, volume: number }[] }} Chart */

/** The client that is shown. @type {{ client: number, endMs: number } | null} */
let shown = null;
/** @type {(quote: string) => void} */
let tellQuote = () => {};

/** The value at the end of each step; it stays through hours without trades. @param {Chart} chart */
function growthLine({ stepMs, steps }) {
  /** @type {{ at: number[], values: number[] }} */
  const line = { at: [], values: [] };
  steps.forEach((step, index) => {
    const startMs = Date.parse(step.at);
    const before = steps[index - 1];
    if (before !== undefined && startMs - Date.parse(before.at) > stepMs) {
      line.at.push(startMs / 1000);
      line.values.push(before.growthPct);
    }
    line.at.push((startMs + stepMs) / 1000);
    line.values.push(step.growthPct);
  });
  return line;
}

/** Without a step there was no volume. @param {Chart} chart */
function volumeLine({ stepMs, steps }) {
  /** @type {{ at: number[], values: number[] }} */
  const line = { at: [], values: [] };
  const add = (/** @type {number} */ atMs, /** @type {number} */ value) => {
    line.at.push(atMs / 1000);
    line.values.push(value);
  };
  steps.forEach((step, index) => {
    const atMs = Date.parse(step.at);
    add(atMs, step.volume);
    const next = steps[index + 1];
    const nextMs = next === undefined ? atMs : Date.parse(next.at);
    if (nextMs - atMs > stepMs) add(atMs + stepMs, 0);
    if (nextMs - atMs > 2 * stepMs) add(nextMs - stepMs, 0);
  });
  return line;
}

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'growth',
    title: 'Total return, percent',
    format: percentChange,
    range(least, most) {
      const [low, high] = [Math.min(0, least), Math.max(0, most)];
      const room = Math.max(0.01, (high - low) * 0.1);
      return [low < 0 ? low - room : 0, high + room];
    },
    line: growthLine,
  },
  { name: 'volume', title: 'Volume', format: amount, line: volumeLine },
];

const frame = new ChartFrame(DEFINITIONS, {
  nowMs: () => shown?.endMs ?? serverNowMs(),
  async rows(from, to) {
    if (shown === null) return { stepMs: 1, quote: '', steps: [] };
    const chart = await getJson('api/ingest/chart', { client: shown.client, from, to });
    tellQuote(chart.quote);
    return chart;
  },
});

/** @param {(quote: string) => void} quote called with the asset of the volume */
export function startCharts(quote) {
  tellQuote = quote;
  frame.start();
}

/**
 * Loads the charts of a client. Those of another client show the shortest span that has all of its periods. @param {{
 * client: number, periodStart: string | null, periodEnd: string | null }} client
 */
export async function loadCharts({ client, periodStart, periodEnd }) {
  const isOther = client !== shown?.client;
  const isFirst = shown === null;
  const endMs = periodEnd === null ? serverNowMs() : Date.parse(periodEnd);
  shown = { client, endMs };
  if (isOther) chooseSpan(endMs - Date.parse(periodStart ?? ''), isFirst);
  await frame.load();
}

/** At first the address may name a span. @param {number} spanMs @param {boolean} isFirst */
function chooseSpan(spanMs, isFirst) {
  const ranges = [...byId('range').querySelectorAll('input')].map(({ value }) => value);
  const range = ranges.find((each) => spanMs <= (DAYS[each] ?? 0) * DAY_MS) ?? ranges.at(-1) ?? '';
  if (isFirst) frame.suggest(range);
  else frame.choose(range);
}
