// Makes notices of events, for the receivers of NOTIFY_FILE. Pure: what an event means is in `domain/events.ts`.

import { plainSentence } from '../../lib/plain-text.ts';
import type { Notice, Severity } from '../../notify/notice.ts';
import { type EventKind, eventSentence, type ToldEvent } from '../domain/events.ts';

/** What is the same for all events of a kind. */
interface Meaning {
  readonly topic: string | null;
  readonly severity: Severity;
  readonly isResolved?: true;
  readonly group: Notice['group'];
}

const OF_NODES = { topic: 'node_away', severity: 'warning' } as const;

/** One severity for each topic, so that the end of a trouble is the end of the same alert. */
const MEANINGS: Readonly<Record<EventKind, Meaning>> = {
  started: moment('info', 'started'),
  stopped: moment('info', 'stopped'),
  not_ready: { topic: 'not_ready', severity: 'critical', group: replicas('are not ready') },
  ready: { topic: 'not_ready', severity: 'critical', isResolved: true, group: replicas('are ready again') },
  broker_away: { topic: 'broker_away', severity: 'critical', group: replicas('have no broker') },
  broker_back: {
    topic: 'broker_away',
    severity: 'critical',
    isResolved: true,
    group: replicas('have their broker again'),
  },
  lost: moment('critical', 'lost messages'),
  shed: moment('warning', 'shed messages'),
  quarantined: moment('warning', 'put messages aside'),
  drift: moment('critical', 'found differences'),
  restored: moment('info', 'got a backup as their database'),
  key_revoked: moment('info', 'revoked keys'),
  node_online: { ...OF_NODES, isResolved: true, group: { noun: 'nodes', did: 'are online' } },
  node_stale: { ...OF_NODES, group: { noun: 'nodes', did: 'became stale' } },
  node_offline: { ...OF_NODES, group: { noun: 'nodes', did: 'went offline' } },
};

/** `replica` is the name of this process in its cluster, to which its own events belong; null for a process on its own. */
export function noticeOf(event: ToldEvent, replica: string | null): Notice {
  const { kind, nodeId, from, cause, count, detail } = event;
  const { topic, severity, isResolved = false, group } = MEANINGS[kind];
  const facts = { nodeId, from, cause, count, detail, ...(nodeId === null ? { replica } : {}) };
  return {
    kind,
    topic,
    atMs: Date.parse(event.at),
    subject: nodeId ?? replica,
    node: nodeId,
    // Who was not told of a short silence is not told of its end.
    onlyWith: kind === 'node_online' && from === 'stale' ? 'node_stale' : null,
    severity,
    isResolved,
    sentence: plainSentence(eventSentence(event)),
    group,
    details: Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null)),
  };
}

/** The notice of a test, by which an operator sees that a receiver works. */
export function testNotice(atMs: number): Notice {
  return {
    kind: 'test',
    topic: null,
    atMs,
    subject: null,
    node: null,
    onlyWith: null,
    severity: 'info',
    isResolved: false,
    sentence: 'This is a test of the notifications, and nothing is wrong',
    group: { noun: 'tests', did: 'were made' },
    details: {},
  };
}

function moment(severity: Severity, did: string): Meaning {
  return { topic: null, severity, group: replicas(did) };
}

function replicas(did: string): Notice['group'] {
  return { noun: 'replicas', did };
}
