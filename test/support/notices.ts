// Notices for tests of what is told to receivers.

import type { Notice } from '../../src/notify/notice.ts';

const DID = { node_offline: 'went offline', node_online: 'came online' } as const;

/** A change of state of a node. */
export function nodeNotice(kind: keyof typeof DID, node: string, atMs = 0): Notice {
  return {
    kind,
    topic: 'node_away',
    atMs,
    subject: node,
    node,
    onlyWith: null,
    severity: 'warning',
    isResolved: kind === 'node_online',
    sentence: `Node ${node} ${DID[kind]}`,
    group: { noun: 'nodes', did: DID[kind] },
    details: { nodeId: node },
  };
}

/** A loss, which nothing ends. */
export function lossNotice(count: number, atMs = 0): Notice {
  return {
    kind: 'lost',
    topic: null,
    atMs,
    subject: null,
    node: null,
    onlyWith: null,
    severity: 'critical',
    isResolved: false,
    sentence: `${count} messages were lost`,
    group: { noun: 'losses', did: 'happened' },
    details: { count },
  };
}
