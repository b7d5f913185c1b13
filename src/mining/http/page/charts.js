// The history charts: the best time of each block, and the capacity. It defines each chart and loads its rows.

import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { lineOf } from './chart-line.js';
import { count, size } from './format.js';
import { t } from './words.js';

const POINTS = 400;
/** The pages of many users must not all send their request at the same moment. */
const SPREAD_MS = 2000;
/** Capacity changes between blocks too. */
const REFRESH_MS = 60_000;
const TIB = 2 ** 40;
/** 1 B to 1 EiB, so that the labels are short. */
const SIZE_STEPS = Array.from({ length: 61 }, (_, power) => 2 ** power);

/** The rows of both charts. @typedef {{ rounds: any, capacity: any }} Histories */

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'rounds',
    title: t('history.rounds'),
    format: (value) => `${count(value)} s`,
    isWhole: true,
    line: (/** @type {Histories} */ { rounds }) => lineOf(rounds, rounds.bestPocTimes),
  },
  {
    name: 'capacity',
    title: t('history.capacity'),
    format: size,
    axis: (value) => size(value).replace(/[.,]0 /, ' '),
    steps: SIZE_STEPS,
    line: (/** @type {Histories} */ { capacity }) =>
      lineOf(
        capacity,
        capacity.capacityTib.map((/** @type {number} */ tib) => tib * TIB),
      ),
  },
];

let height = '';
const frame = new ChartFrame(DEFINITIONS, {
  // Ends the span at a whole time, so that all pages ask the same question and share one answer.
  nowMs: () => Math.ceil(serverNowMs() / 10_000) * 10_000,
  async rows(from, to) {
    const [rounds, capacity] = await Promise.all(
      ['rounds', 'capacity'].map((chart) => getJson(`api/mining/${chart}`, { from, to, points: POINTS })),
    );
    return { rounds, capacity };
  },
  gapName: (span) => t('history.gap', { span }),
});

export function startCharts() {
  frame.start();
  setInterval(() => {
    frame.renew();
  }, REFRESH_MS);
}

/** Loads the rows again with each block. @param {any} document of the feed */
export function showCharts(document) {
  const now = document.statistics.currentHeight;
  if (now === height) return;
  const isFirst = height === '';
  height = now;
  frame.renew(isFirst ? 0 : SPREAD_MS);
}
