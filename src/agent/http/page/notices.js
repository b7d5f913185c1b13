// What is wrong, or not as a reader would expect, in whole sentences: the gravest first. Pure; it touches nothing of a page.

import { dateTime } from './format.js';
import { reasonTexts } from './trust.js';
import { t } from './words.js';

/** Age of a publication beyond which its statistics are old, as the agent has it. */
const OLD_AFTER_MS = 90_000;

/** Components whose reasons have a notice of their own. */
const OWN = new Set(['broker', 'salt', 'sources', 'statistics']);

/**
 * The notices about a document of the agent. Times that do not pass stand in the sentences, so that a screen reader reads
 * them once.
 * @param {any} node the answer of `api/node`
 * @param {any} network the statistics; null before they were asked
 * @param {number} nowMs the agent's clock
 * @returns {import('./trust.js').Judgement[]}
 */
export function noticesOf(node, network, nowMs) {
  return [
    ...programNotices(node),
    ...linkNotices(node),
    ...sourceNotices(node),
    ...statisticsNotices(node, network, nowMs),
    ...warnings(node),
  ];
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function programNotices({ reasons }) {
  const { failing } = reasonTexts(
    reasons.filter((/** @type {{ component: string }} */ { component }) => !OWN.has(component)),
  );
  return failing === ''
    ? []
    : [['not_ready', t('notice.not-ready'), t('notice.not-ready.why', { reasons: failing })]];
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function linkNotices({ enabled, sharesTasks, broker, join, waiting }) {
  if (!enabled) return [['opted_out', t('notice.opted-out'), t('notice.opted-out.why')]];
  /** @type {import('./trust.js').Judgement[]} */
  const notices = [];
  if (!broker.connected) {
    const why = broker.reason == null ? '' : ` (${broker.reason})`;
    const kept =
      waiting.messages === 0 ? t('notice.nothing-lost') : t('notice.waits', { n: waiting.messages });
    notices.push(['broker_away', t('notice.broker-away'), t('notice.broker-away.why', { why, kept })]);
  } else if (broker.breaker !== 'closed') {
    notices.push(['paused', t('notice.paused'), t('notice.paused.why')]);
  } else if (broker.forbidden.length > 0) {
    const types = broker.forbidden.join(', ').replaceAll('_', ' ');
    notices.push(['forbidden', t('notice.forbidden'), t('notice.forbidden.why', { types })]);
  }
  if (!sharesTasks) notices.push(['presence_only', t('notice.presence'), t('notice.presence.why')]);
  else if (join.saltFrom == null) {
    const why = join.problem == null ? '' : ` (${join.problem})`;
    notices.push(['no_salt', t('notice.no-salt'), t('notice.no-salt.why', { why })]);
  }
  return notices;
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function sourceNotices({ reasons }) {
  const found = reasons.find((/** @type {{ component: string }} */ { component }) => component === 'sources');
  if (found === undefined) return [];
  return found.ok
    ? [['source_problem', t('notice.source'), t('notice.source.why', { reason: found.reason })]]
    : [['no_sources', t('notice.no-sources'), t('notice.no-sources.why', { reason: found.reason })]];
}

/** @param {any} node @param {any} network @param {number} nowMs @returns {import('./trust.js').Judgement[]} */
function statisticsNotices(node, network, nowMs) {
  /** @type {import('./trust.js').Judgement[]} */
  const notices = [];
  if (network !== null && network.status === 'awaiting_data')
    notices.push(['awaiting_data', t('notice.awaiting'), t('notice.awaiting.why')]);
  else if (network !== null && nowMs - Date.parse(network.timestamp) > OLD_AFTER_MS)
    notices.push(['old', t('notice.old'), t('notice.old.why', { at: dateTime(network.timestamp) })]);
  if (node.statistics.otherKeyOffered)
    notices.push(['other_key', t('notice.other-key'), t('notice.other-key.why')]);
  return notices;
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function warnings({ reasons }) {
  const { warnings: texts } = reasonTexts(
    reasons.filter((/** @type {{ component: string }} */ { component }) => !OWN.has(component)),
  );
  return texts === '' ? [] : [['warning', t('notice.warning'), t('notice.warning.why', { reasons: texts })]];
}
