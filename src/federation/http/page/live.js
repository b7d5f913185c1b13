// The live part of the page: nodes by state, the message rate, the health of ingest, and whether these numbers can be
// trusted.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { all, byId, showText } from './dom.js';
import { ago, bytes, count, dateTime, rate, span, whyAhead } from './format.js';
import { LiveDocument, showTexts } from './live-document.js';
import { showCluster } from './cluster.js';
import { showMissing } from './missing.js';
import { lastSeenMs } from './nodes.js';
import { showStack } from './state-stack.js';
import { reasonTexts } from './trust.js';

const SPARK_POINTS = 60;
const OLD_AFTER_INTERVALS = 3;

/** Kept across a restart of the aggregator. @type {string | null} */
let lastHeardAt = null;
/** @type {number[]} */
const spark = [];

/** The document of the feed. */
export const live = new LiveDocument({
  show,
  judge,
  paced: ({ messages }) => messages.received,
  noted: noteSpark,
});

/** @param {number | null} perSecond */
function noteSpark(perSecond) {
  if (perSecond === null) return;
  spark.push(perSecond);
  if (spark.length > SPARK_POINTS) spark.shift();
}

/** @param {any} latest the document */
function show(latest) {
  const { nodes, ingest, messages } = latest;
  lastHeardAt = latest.lastHeardAt ?? lastHeardAt;
  const heardMs = lastHeardMs();
  showMissing(latest.missing);
  showCluster(latest.cluster);
  const paceNow = live.perSecond();
  const texts = {
    online: count(nodes.online),
    stale: count(nodes.stale),
    offline: count(nodes.offline),
    rate: paceNow === null ? '–' : rate(paceNow),
    heard: heardText(heardMs),
    heardWhy: heardMs === null ? '' : whyAhead(serverNowMs() - heardMs),
    received: count(messages.received),
    lag: span(ingest.lagMs),
    pending: count(ingest.pending),
    broker: latest.brokerConnected ? 'Connected' : 'Away',
    mode: latest.mode === 'jetstream' ? 'JetStream' : latest.mode === 'core' ? 'Plain NATS' : 'None yet',
    conserved: messages.conserved ? 'Every message accounted for' : 'Messages are missing',
    lost: count(messages.lost),
    inFlight: count(messages.inFlight),
    tick: latest.lastTickAt == null ? 'none yet' : ago(serverNowMs() - Date.parse(latest.lastTickAt)),
    offset: offsetText(ingest.clockOffsetMs),
    size: bytes(ingest.databaseSizeBytes),
    clusterName: latest.cluster?.name ?? '–',
    clusterReplica: latest.cluster?.replica ?? '–',
  };
  showTexts(texts);
  mark('broker', latest.brokerConnected);
  mark('conserved', messages.conserved);
  mark('lost', messages.lost === 0);
  showStack('node-stack', [nodes.online, nodes.stale, nodes.offline]);
  showSpark();
  showBars(byId('outcomes'), 'Outcomes', counterBars(messages.outcomes), '');
  showBars(
    byId('rejected'),
    'Reasons to reject',
    counterBars(messages.rejected).filter((bar) => bar.count > 0),
    'None rejected.',
  );
  for (const name of ['aggregatorId', 'version']) showText(name, latest[name]);
  showText('startedAt', dateTime(latest.startedAt));
}

/**
 * When a node was last heard. The feed knows only the time since the aggregator started; the table of nodes knows
 * earlier times.
 */
function lastHeardMs() {
  const heardMs =
    live.latest.lastHeardAt == null
      ? Math.max(lastSeenMs() ?? 0, lastHeardAt === null ? 0 : Date.parse(lastHeardAt))
      : Date.parse(live.latest.lastHeardAt);
  return heardMs > 0 ? heardMs : null;
}

/** @param {number | null} heardMs */
function heardText(heardMs) {
  if (heardMs !== null) return ago(serverNowMs() - heardMs);
  return live.latest.nodes.total === 0 ? 'none yet' : 'none since the start';
}

/** @param {Readonly<Record<string, number>>} counters */
function counterBars(counters) {
  return Object.entries(counters).map(([label, number]) => ({
    label: label.replaceAll('_', ' '),
    count: number,
  }));
}

/** @param {number | null} ms null until the aggregator has read a message live */
function offsetText(ms) {
  if (ms === null) return 'Not known yet';
  if (Math.abs(ms) < 1000) return "The same as the aggregator's";
  return `${span(Math.abs(ms))} ${ms > 0 ? 'ahead of' : 'behind'} the aggregator's`;
}

/**
 * @param {string} name
 * @param {boolean} isGood
 */
function mark(name, isGood) {
  for (const element of all(`[data-live="${name}"]`)) {
    element.classList.toggle('good', isGood);
    element.classList.toggle('bad', !isGood);
  }
}

function showSpark() {
  const most = Math.max(1, ...spark);
  const points = spark.map((value, index) => {
    const x = 120 - (spark.length - 1 - index) * (120 / (SPARK_POINTS - 1));
    return `${x.toFixed(1)},${(26.5 - (value / most) * 25).toFixed(1)}`;
  });
  document.querySelector('#spark polyline')?.setAttribute('points', points.join(' '));
}

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  if (!latest.brokerConnected) {
    return [
      'broker_away',
      'Broker away',
      'The broker is away: no message arrives, no node becomes offline, and the numbers do not change.',
    ];
  }
  const tickMs = latest.lastTickAt == null ? null : serverNowMs() - Date.parse(latest.lastTickAt);
  if (latest.catchingUp)
    return [
      'catching_up',
      'Catching up',
      'Catching up with stored messages; the numbers lag until the aggregator has read them.',
    ];
  if (tickMs === null) return ['awaiting_data', 'No statistics yet', ''];
  if (tickMs > OLD_AFTER_INTERVALS * latest.publishIntervalMs) {
    return [
      'old',
      'Statistics are old',
      `The statistics are old: the last tick was at ${dateTime(latest.lastTickAt)}.`,
    ];
  }
  // Missing messages have their own banner.
  const { failing, warnings } = reasonTexts(
    latest.reasons.filter((/** @type {{ component: string }} */ { component }) => component !== 'messages'),
  );
  if (failing !== '') return ['not_ready', 'Not ready', `The aggregator is not ready. ${failing}.`];
  const warning = warnings === '' ? '' : `Warning. ${warnings}.`;
  if (latest.missing.length > 0) return ['missing', 'Live, messages missing', warning];
  return ['connected', 'Live', warning];
}
