// The sentence of an event in the language of the page. The id of a node stands in it as a link to its page.

import { make } from './dom.js';
import { span } from './format.js';
import { nodeLink } from './node-parts.js';
import { hasText, t } from './words.js';

/** The kinds of events that this page knows, in the order of its filter. */
export const KINDS = [
  'node_online',
  'node_stale',
  'node_offline',
  'started',
  'stopped',
  'not_ready',
  'ready',
  'broker_away',
  'broker_back',
  'lost',
  'shed',
  'quarantined',
  'drift',
  'restored',
  'key_revoked',
];

/** How much a kind wants attention. @type {Readonly<Record<string, string>>} */
const MARKS = {
  node_online: 'online',
  node_stale: 'stale',
  node_offline: 'offline',
  started: 'online',
  stopped: 'offline',
  ready: 'online',
  broker_back: 'online',
  restored: 'stale',
  key_revoked: 'stale',
};

/** Stands for the id of the node until it is replaced by the link. */
const NODE = '\u{FFFC}';

/** The mark and the sentence of an event. @param {any} event */
export function eventParts(event) {
  const [before = '', after] = sentence(event).split(NODE);
  const link = after === undefined || event.nodeId === null ? [] : nodeLink(event.nodeId);
  return [
    make('i', { class: `mark ${MARKS[event.kind] ?? 'wrong'}` }),
    make('span', { class: 'words' }, before, ...link, after ?? ''),
  ];
}

/** @param {any} event */
function sentence(event) {
  const { kind, from, cause, count, detail, nodeId } = event;
  const node = nodeId === null ? '' : NODE;
  // From the most exact text to the least: a new kind or cause has at least its name.
  const keys = [
    ...(from === null && nodeId !== null ? [`event.${kind}.first`] : []),
    ...(cause === null ? [] : [`event.${kind}.${cause}`]),
    ...(kind === 'started' ? [`event.started.${detail}${count === null ? '.unknown' : ''}`] : []),
    `event.${kind}`,
  ];
  const key = keys.find(hasText);
  if (key === undefined)
    return [kind, node, cause, detail].filter((part) => part !== null && part !== '').join(' ');
  return t(key, {
    node,
    n: count ?? 0,
    span: span(count ?? 0),
    detail: detail ?? '',
    cause: cause ?? '',
  });
}
