// What is wrong, or not as a reader would expect, in whole sentences: the gravest first. Pure; it touches nothing of a page.

import { count, dateTime } from './format.js';
import { reasonTexts } from './trust.js';

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
  return failing === '' ? [] : [['not_ready', 'Not ready', `The agent is not ready. ${failing}.`]];
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function linkNotices({ enabled, sharesTasks, broker, join, waiting }) {
  if (!enabled)
    return [
      [
        'opted_out',
        'Opted out',
        'This node has opted out of the federation: the agent sends nothing. The numbers of the network are those of the other nodes.',
      ],
    ];
  /** @type {import('./trust.js').Judgement[]} */
  const notices = [];
  if (!broker.connected) {
    const why = broker.reason == null ? '' : ` (${broker.reason})`;
    const kept =
      waiting.messages === 0
        ? 'Nothing is lost'
        : `Nothing is lost: ${count(waiting.messages)} ${waiting.messages === 1 ? 'message waits' : 'messages wait'}`;
    notices.push([
      'broker_away',
      'Broker away',
      `The broker is away${why}: the network does not see this node, and its numbers do not change. ${kept}; the agent goes on trying.`,
    ]);
  } else if (broker.breaker !== 'closed') {
    notices.push([
      'paused',
      'Sending paused',
      'Sending failed five times in a row and pauses for about a minute; then one heartbeat tries again.',
    ]);
  } else if (broker.forbidden.length > 0) {
    const types = broker.forbidden.join(', ').replaceAll('_', ' ');
    notices.push([
      'forbidden',
      'Partly refused',
      `The broker refuses messages of this kind: ${types}. They wait for the next connection.`,
    ]);
  }
  if (!sharesTasks)
    notices.push([
      'presence_only',
      'Presence only',
      'This node shares no tasks: the agent sends only that it is there.',
    ]);
  else if (join.saltFrom == null) {
    const why = join.problem == null ? '' : ` (${join.problem})`;
    notices.push([
      'no_salt',
      'No salt yet',
      `No salt is known${why}: the agent sends only that the node is there, and its tasks wait. FEDERATION_SALT gives a salt by hand.`,
    ]);
  }
  return notices;
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function sourceNotices({ reasons }) {
  const found = reasons.find((/** @type {{ component: string }} */ { component }) => component === 'sources');
  if (found === undefined) return [];
  return found.ok
    ? [['source_problem', 'A source fails', `Not everything of this node can be read: ${found.reason}.`]]
    : [['no_sources', 'No sources', `The agent finds nothing to read: ${found.reason}.`]];
}

/** @param {any} node @param {any} network @param {number} nowMs @returns {import('./trust.js').Judgement[]} */
function statisticsNotices(node, network, nowMs) {
  /** @type {import('./trust.js').Judgement[]} */
  const notices = [];
  if (network !== null && network.status === 'awaiting_data')
    notices.push([
      'awaiting_data',
      'No statistics yet',
      'No statistics have come yet. The aggregator sends them every 30 seconds, as a rule.',
    ]);
  else if (network !== null && nowMs - Date.parse(network.timestamp) > OLD_AFTER_MS)
    notices.push([
      'old',
      'Statistics are old',
      `The statistics are old: the aggregator published them at ${dateTime(network.timestamp)}.`,
    ]);
  if (node.statistics.otherKeyOffered)
    notices.push([
      'other_key',
      'Another key',
      'Somebody signs statistics with another key than the one that this agent knows. They are not shown. If the operator of the aggregator has changed the key, run: aggregator agent trust',
    ]);
  return notices;
}

/** @param {any} node @returns {import('./trust.js').Judgement[]} */
function warnings({ reasons }) {
  const { warnings: texts } = reasonTexts(
    reasons.filter((/** @type {{ component: string }} */ { component }) => !OWN.has(component)),
  );
  return texts === '' ? [] : [['warning', 'Live, with a warning', `Warning. ${texts}.`]];
}
