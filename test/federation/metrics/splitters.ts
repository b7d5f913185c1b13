// What the splitters of a process may say: it splits one stream, and another process splits the other.

import type { SplittersStatus } from '../../../src/federation/domain/splitter-status.ts';

export const SPLITTERS: SplittersStatus = {
  problem: null,
  shards: [
    {
      shard: 'TRUEBIT_INGEST_1',
      holder: 'one',
      splitter: {
        source: { stream: 'TRUEBIT_INGEST_1', incarnation: '2026-12-01T10:00:00Z' },
        checkpoint: 100,
        readTo: 110,
        behindMs: 1_500,
        isAway: false,
        problem: null,
        messages: 110,
        rounds: 12,
        bytes: 3_000,
        restarts: 1,
        heals: 2,
        lost: 3,
        lostInHeals: 4,
      },
    },
    { shard: 'TRUEBIT_INGEST_2', holder: 'other', splitter: null },
  ],
};
