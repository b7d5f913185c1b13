// The live part of the page: nodes by state, the message rate, and whether these numbers can be trusted. The page for
// the public gets a smaller document, without ingest, messages and reasons.

import { serverNowMs } from './api.js';
import { byId, setText, showText } from './dom.js';
import { ago, count, dateTime, rate, whyAhead } from './format.js';
import { showIngest } from './ingest.js';
import { LiveDocument, showTexts } from './live-document.js';
import { showCluster } from './cluster.js';
import { showMissing } from './missing.js';
import { lastSeenMs } from './nodes.js';
import { IS_PUBLIC } from './public.js';
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
  paced: ({ messages }) => messages?.received ?? 0,
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
  const { nodes } = latest;
  lastHeardAt = latest.lastHeardAt ?? lastHeardAt;
  const heardMs = lastHeardMs();
  const paceNow = live.perSecond();
  showTexts({
    online: count(nodes.online),
    stale: count(nodes.stale),
    offline: count(nodes.offline),
    rate: paceNow === null ? '–' : rate(paceNow),
    heard: heardText(heardMs),
    heardWhy: heardMs === null ? '' : whyAhead(serverNowMs() - heardMs),
  });
  showText('aggregatorId', latest.aggregatorId);
  showStack('node-stack', [nodes.online, nodes.stale, nodes.offline]);
  showSpark();
  if (IS_PUBLIC) return;
  showMissing(latest.missing);
  showFirstSteps(latest);
  showCluster(latest.cluster);
  showIngest(latest);
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
  if (IS_PUBLIC && latest.status !== 'ready') return ['not_ready', t('judge.not-ready'), ''];
  if (IS_PUBLIC) return ['connected', t('judge.live'), ''];
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
