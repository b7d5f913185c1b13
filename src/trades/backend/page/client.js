// One client: provenance, figures, findings, charts and periods. It loads again when a summary was received.

import { getJson } from './api.js';
import { loadCharts, startCharts } from './charts.js';
import { all, byId, make, setText } from './dom.js';
import { count, dateTime } from './format.js';
import { showSummaries, startSummaries } from './summaries.js';
import {
  amount,
  findingWords,
  isVerified,
  lineWords,
  percentChange,
  provenanceWords,
} from './summary-words.js';

const REFRESH_MS = 2_000;

/** @type {number | null} */
let chosen = null;
let turn = 0;
let loadedMs = 0;
/** Summaries of the backend when the client was loaded, and now. */
let shownSummaries = -1;
let summariesNow = -1;

export function startClient() {
  startCharts((quote) => showTexts({ quote: quote === '' ? '' : `, ${quote}` }));
  startSummaries();
  setInterval(refresh, 500);
}

/** @param {number} client @param {boolean} isAsked true if a person chose it, whom the page then takes there */
export function showClient(client, isAsked) {
  chosen = client;
  void load(isAsked);
}

/** The client is loaded again soon after a summary was received. @param {any} document of the feed */
export function noteSummaries({ summaries }) {
  summariesNow = summaries;
}

function refresh() {
  if (document.hidden || summariesNow === shownSummaries || performance.now() - loadedMs < REFRESH_MS) return;
  void load(false);
}

/** @param {boolean} isAsked */
async function load(isAsked) {
  const mine = ++turn;
  loadedMs = performance.now();
  if (chosen === null) return;
  shownSummaries = summariesNow;
  try {
    const client = await getJson('api/ingest/client', { client: chosen });
    if (mine !== turn) return;
    show(client);
    await Promise.all([loadCharts(client), showSummaries(client.client, isAsked)]);
    if (isAsked) byId('client-title').focus();
  } catch {
    // It is loaded again soon; until then the page shows what it has.
    shownSummaries = -1;
  }
}

/** @param {any} client */
function show(client) {
  byId('client').hidden = false;
  setText(byId('client-title'), client.clientId);
  const [, sentence] = provenanceWords(client.provenance);
  const banner = byId('provenance');
  banner.dataset.provenance = client.provenance;
  setText(banner, sentence);
  showTexts({
    span:
      client.periodStart === null ? '' : `${dateTime(client.periodStart)} to ${dateTime(client.periodEnd)}`,
    totalReturn: percentChange(client.totalReturnPct),
    hours: `${count(client.hours)} ${client.hours === 1 ? 'hour' : 'hours'}`,
    drawdown: percentChange(-client.maximumDrawdownPct),
    trades: count(client.trades),
    corrections: `in ${count(client.summaries)} ${client.summaries === 1 ? 'summary' : 'summaries'}, ${count(client.corrections)} corrected`,
    line: lineWords(client),
  });
  for (const element of all('[data-client="totalReturn"]'))
    element.classList.toggle('bad', client.totalReturnPct < 0);
  byId('client').dataset.verified = String(isVerified(client.provenance));
  showSums(client.sums);
  showFindings(client.findings);
}

/** @param {Readonly<Record<string, string>>} texts */
function showTexts(texts) {
  for (const [name, text] of Object.entries(texts))
    for (const element of all(`[data-client="${name}"]`)) setText(element, text);
}

/** @param {readonly { quote: string, volume: number, fees: number }[]} sums */
function showSums(sums) {
  const row = (/** @type {string} */ name, /** @type {number} */ value) =>
    make('div', {}, make('dt', {}, name), make('dd', {}, amount(value)));
  byId('sums').replaceChildren(
    ...sums.flatMap(({ quote, volume, fees }) => [row(quote, volume), row(`Fees, ${quote}`, fees)]),
  );
}

/** @param {readonly any[]} findings */
function showFindings(findings) {
  const body = document.querySelector('#findings tbody');
  if (findings.length === 0) {
    body?.replaceChildren(make('tr', {}, make('td', { colspan: '3', class: 'none' }, 'Nothing is amiss.')));
    return;
  }
  body?.replaceChildren(
    ...findings.map((finding) => {
      const { kind, seq, from, to } = finding;
      const time = from === null || to === null ? '–' : `${dateTime(from)} to ${dateTime(to)}`;
      return make(
        'tr',
        { 'data-finding': kind },
        make('th', { scope: 'row' }, findingWords(finding)),
        make('td', { class: 'right' }, seq === null ? '–' : count(seq)),
        make('td', {}, time),
      );
    }),
  );
}
