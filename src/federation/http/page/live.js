// The live part of the page: nodes by state, the message rate, the health of ingest, and whether these numbers can be
// trusted.

import { serverNowMs } from './api.js';
import { showBars } from './bars.js';
import { all, byId, setText, showText } from './dom.js';
import { ago, bytes, count, dateTime, rate, span, whyAhead } from './format.js';
import { LiveDocument, showTexts } from './live-document.js';
import { showCluster } from './cluster.js';
import { showMissing } from './missing.js';
import { lastSeenMs } from './nodes.js';
import { showStack } from './state-stack.js';
import { showFirstSteps } from './first-steps.js';
import { reasonTexts } from './trust.js';
import { t } from './words.js';

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
  judged,
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
  showFirstSteps(latest);
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
    broker: t(latest.brokerConnected ? 'ingest.connected' : 'ingest.away'),
    mode: modeText(latest.mode),
    conserved: t(messages.conserved ? 'ingest.conserved' : 'ingest.not-conserved'),
    lost: count(messages.lost),
    inFlight: count(messages.inFlight),
    tick:
      latest.lastTickAt == null ? t('ingest.no-tick') : ago(serverNowMs() - Date.parse(latest.lastTickAt)),
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
  showBars(byId('outcomes'), t('ingest.outcomes'), counterBars(messages.outcomes), '');
  showBars(
    byId('rejected'),
    t('ingest.rejected'),
    counterBars(messages.rejected).filter((bar) => bar.count > 0),
    t('ingest.none-rejected'),
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
  return t(live.latest.nodes.total === 0 ? 'now.none-yet' : 'now.none-since');
}

/** @param {Readonly<Record<string, number>>} counters */
function counterBars(counters) {
  return Object.entries(counters).map(([label, number]) => ({
    label: label.replaceAll('_', ' '),
    count: number,
  }));
}

/** @param {'jetstream' | 'core' | null} mode */
function modeText(mode) {
  if (mode === null) return t('ingest.no-mode');
  return mode === 'jetstream' ? 'JetStream' : t('ingest.plain');
}

/** @param {number | null} ms null until the aggregator has read a message live */
function offsetText(ms) {
  if (ms === null) return t('ingest.clock-unknown');
  if (Math.abs(ms) < 1000) return t('ingest.clock-same');
  return t(ms > 0 ? 'ingest.clock-ahead' : 'ingest.clock-behind', { span: span(Math.abs(ms)) });
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

/** @param {import('./trust.js').Judgement} judgement */
function judged([status]) {
  const isStill = STILL.has(status);
  setText(byId('now-note'), t(isStill ? 'now.still' : 'now.live'));
}

/** States in which no message arrives. */
const STILL = new Set(['broker_away', 'unreachable', 'locked', 'loading']);

/** @param {any} latest @returns {import('./trust.js').Judgement} */
function judge(latest) {
  if (!latest.brokerConnected) {
    return ['broker_away', t('judge.broker-away'), t('judge.broker-away.why')];
  }
  const tickMs = latest.lastTickAt == null ? null : serverNowMs() - Date.parse(latest.lastTickAt);
  if (latest.catchingUp) return ['catching_up', t('judge.catching-up'), t('judge.catching-up.why')];
  if (tickMs === null) return ['awaiting_data', t('judge.no-statistics'), ''];
  if (tickMs > OLD_AFTER_INTERVALS * latest.publishIntervalMs) {
    return ['old', t('judge.old'), t('judge.old.why', { at: dateTime(latest.lastTickAt) })];
  }
  // Missing messages have their own banner.
  const { failing, warnings } = reasonTexts(
    latest.reasons.filter((/** @type {{ component: string }} */ { component }) => component !== 'messages'),
  );
  if (failing !== '')
    return ['not_ready', t('judge.not-ready'), t('judge.not-ready.why', { reasons: failing })];
  const warning = warnings === '' ? '' : t('judge.warning', { reasons: warnings });
  if (latest.missing.length > 0) return ['missing', t('judge.missing'), warning];
  if (latest.drift > 0)
    return ['drift', t('judge.drift'), `${t('judge.drift.why', { n: latest.drift })} ${warning}`.trim()];
  return ['connected', t('judge.live'), warning];
}
