// The charts of the hourly buckets, of all clients or of one: volume and trades. It defines each chart and loads its
// rows. A time without trades is 0.

import * as address from './address.js';
import { getJson, serverNowMs } from './api.js';
import { ChartFrame } from './chart-frame.js';
import { byId, make, showText } from './dom.js';
import { axisNumber, count, span } from './format.js';
import { LOCALE } from './language.js';
import { t } from './words.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_MS = 3_652 * DAY_MS;
const WIDER_SPANS = /** @type {const} */ ([
  ['30d', 30 * DAY_MS],
  ['1y', 365 * DAY_MS],
  ['10y', LONGEST_MS],
]);
/** Of a client's own figures a screen shows two fractional digits. */
const AMOUNT = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2 });
/** The pages of many users must not all send their request at the same moment. */
const SPREAD_MS = 2000;
const REFRESH_MS = 60_000;

/** The answer of `api/trades/buckets`, with the span that was asked for. @typedef {{ fromMs: number, toMs: number, stepSecs: number, at: string[], trades: number[], volumeQuote: number[] }} Buckets */

/** @type {import('./chart-frame.js').Definition[]} */
const DEFINITIONS = [
  {
    name: 'volume',
    title: t('history.volume'),
    format: (value) => AMOUNT.format(value),
    isBars: true,
    axis: axisNumber,
    line: (/** @type {Buckets} */ rows) => filled(rows, rows.volumeQuote),
  },
  {
    name: 'trades',
    title: t('history.trades'),
    format: count,
    isBars: true,
    isWhole: true,
    line: (/** @type {Buckets} */ rows) => filled(rows, rows.trades),
  },
];

/**
 * The values with a 0 at each step of the span that has none. @param {Buckets} rows @param {number[]} values
 * @returns {import('./chart-line.js').Line}
 */
function filled({ fromMs, toMs, stepSecs, at, trades }, values) {
  const stepMs = stepSecs * 1000;
  const [first] = at;
  // Without any trade there is nothing to read, and the chart says so.
  if (first === undefined || stepMs <= 0 || trades.every((number) => number === 0))
    return { at: [], values: [] };
  const known = new Map(at.map((text, index) => [Date.parse(text), values[index] ?? 0]));
  const anchor = Date.parse(first);
  /** @type {import('./chart-line.js').Line} */
  const line = { at: [], values: [] };
  const begin = anchor - Math.ceil((anchor - fromMs) / stepMs) * stepMs;
  for (let ms = begin; ms < toMs; ms += stepMs) {
    line.at.push(ms / 1000);
    line.values.push(known.get(ms) ?? 0);
  }
  return line;
}

let shownMoves = '';
const frame = new ChartFrame(DEFINITIONS, {
  // The span ends with the present hour, so that all pages ask the same question and share one answer.
  nowMs: () => Math.ceil(serverNowMs() / HOUR_MS) * HOUR_MS,
  leastSpanMs: 2 * HOUR_MS,
  async rows(from, to) {
    const client = chosenClient();
    const rows = await getJson('api/trades/buckets', { from, to, ...(client !== '' && { client }) });
    const isHourly = rows.at.length === 0 || rows.stepSecs * 1000 === HOUR_MS;
    showText(
      'step',
      isHourly ? t('history.per-hour') : t('history.per-step', { span: span(rows.stepSecs * 1000) }),
    );
    return { ...rows, fromMs: Date.parse(from), toMs: Date.parse(to) };
  },
});

export function startCharts() {
  frame.start();
  void widen();
  choice().addEventListener('change', () => address.set({ client: choice().value || null }));
  showChoice();
  let shown = chosenClient();
  address.listen(() => {
    if (chosenClient() === shown) return;
    shown = chosenClient();
    showChoice();
    void frame.load();
  });
  void loadClients();
  setInterval(() => {
    if (document.hidden) return;
    void loadClients();
    frame.renew();
  }, REFRESH_MS);
}

/**
 * Chooses a span that has trades, unless the first one has: trades of a job may be years old, and a first look should not
 * be at nothing.
 */
async function widen() {
  try {
    // Without parameters the answer has the span that the page begins with.
    if (lastTradeMs(await getJson('api/trades/buckets')) !== null) return;
    const toMs = serverNowMs();
    const from = new Date(toMs - LONGEST_MS).toISOString();
    const lastMs = lastTradeMs(await getJson('api/trades/buckets', { from }));
    const range = WIDER_SPANS.find(([, spanMs]) => lastMs !== null && toMs - lastMs < spanMs)?.[0];
    if (range !== undefined) frame.suggest(range);
  } catch {
    // The first span stays.
  }
}

/** The time of the last step with trades; null if there is none. @param {Pick<Buckets, 'at' | 'trades'>} rows */
function lastTradeMs({ at, trades }) {
  const last = at[trades.findLastIndex((number) => number > 0)];
  return last === undefined ? null : Date.parse(last);
}

/** Loads the rows again when summaries were made. @param {any} latest the document of the feed */
export function showCharts(latest) {
  const { waiting, delivered, dead, replayed } = latest.outbox;
  const moves = JSON.stringify([latest.startedAt, waiting + delivered + dead - replayed]);
  if (moves === shownMoves) return;
  const isFirst = shownMoves === '';
  shownMoves = moves;
  if (isFirst) return;
  setTimeout(() => {
    void loadClients();
    frame.renew();
  }, Math.random() * SPREAD_MS);
}

/** Offers the clients that have summaries; the chosen one stays chosen. */
async function loadClients() {
  try {
    const { rows } = await getJson('api/trades/clients');
    const select = choice();
    /** @type {string[]} */
    const names = rows.map((/** @type {any} */ row) => row.clientId);
    const now = JSON.stringify(names);
    if (select.dataset.shown === now) return;
    select.dataset.shown = now;
    select.replaceChildren(
      make('option', { value: '' }, t('history.all-clients')),
      ...names.map((name) => make('option', { value: name }, name)),
    );
    showChoice();
  } catch {
    // The next tick loads again.
  }
}

/** The client of the address; empty for all. */
function chosenClient() {
  return address.get('client') ?? '';
}

/** Shows the client of the address as chosen, though it may have no summaries. */
function showChoice() {
  const [select, chosen] = [choice(), chosenClient()];
  if (![...select.options].some(({ value }) => value === chosen))
    select.append(make('option', { value: chosen }, chosen));
  select.value = chosen;
}

function choice() {
  return /** @type {HTMLSelectElement} */ (byId('client'));
}
