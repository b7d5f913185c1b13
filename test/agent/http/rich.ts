// A view with everything that a page must survive: hostile labels, names and reasons.

import type { AgentView } from '../../../src/agent/domain/view.ts';
import { EVENTS, LINK, LOGS, STATISTICS, VIEW } from './view.ts';

export const HOSTILE = '<img src=x onerror="alert(1)">';

const LONG = 'x'.repeat(64);

/** Statistics whose open labels come from a hostile publisher. */
const HOSTILE_STATISTICS: NonNullable<AgentView['statistics']> = {
  ...STATISTICS,
  aggregatorId: HOSTILE,
  nodeCounts: { onlineNodes: null, staleNodes: null, offlineNodes: null },
  distributions: {
    ...STATISTICS.distributions,
    executionTimeDistribution: { '>1m': 3, [HOSTILE]: 2, '<100ms': 1 },
    chainDistribution: Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [index === 0 ? HOSTILE : `${index}`, 50 - index]),
    ),
    taskTypeDistribution: JSON.parse('{"__proto__": 5, "constructor": 4, "toString": 3}') as Record<
      string,
      number
    >,
    continentDistribution: { [LONG]: 1, '</td></table>': 2, '\u202Eright': 3, '': 4 },
  },
};

/** The whole. */
export const HOSTILE_VIEW: AgentView = {
  ...VIEW,
  statistics: HOSTILE_STATISTICS,
  link: { ...LINK, isConnected: false, reason: HOSTILE, joinProblem: HOSTILE, saltFrom: null },
  sources: [
    {
      ...EVENTS,
      files: [
        {
          source: 'events',
          name: HOSTILE,
          state: 'damaged',
          bytes: 12_345,
          bytesBehind: 45,
          offset: 12_300,
        },
        { source: 'events', name: LONG, state: 'unreadable', bytes: 0, bytesBehind: 0, offset: null },
      ],
      problems: { [HOSTILE]: 3 },
    },
    { ...LOGS, isReadable: false, files: [], looksFor: [HOSTILE, LONG] },
  ],
};
