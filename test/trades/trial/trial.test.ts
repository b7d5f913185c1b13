// Short runs of the outbox trial; more of them: sh scripts/trades-trial.sh --runs 100.

import { expect, it } from 'vitest';
import { runTrial } from './run.ts';

it.each([1, 2])(
  'trial - with service and backend killed at any moment every digest is ingested once, seed %i',
  async (seed) => {
    const result = await runTrial({ seed, durationMs: 4_000, kills: 2, clients: 4, faultsPercent: 20 });
    expect(result.differences).toEqual([]);
    expect(result.promised).toBeGreaterThan(0);
  },
);
