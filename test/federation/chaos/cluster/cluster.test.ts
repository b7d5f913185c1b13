// Two rows of the failure matrix, short; `npm run chaos -- --cluster --all` has them all. CHAOS_SEED runs a seed again.

import { expect, it } from 'vitest';
import { runCluster } from './run.ts';
import { ROWS } from './rows.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
const TIME_MAX_MS = 240_000;
/** A test machine that is busy with other tests: the times of the matrix are measured by `npm run chaos` alone. */
const GAP_MAX_MS = 60_000;

for (const row of ROWS.filter(({ number }) => number === 3 || number === 15)) {
  it(
    `cluster under faults - row ${row.number}, ${row.name}: rows, outcomes and statistics are exact (seed ${SEED})`,
    async () => {
      const { differences, messages, ticks } = await runCluster({
        ...row,
        seed: SEED,
        perSecond: 200,
        isQuick: true,
        servers: 3,
        gapMaxMs: GAP_MAX_MS,
        mayLose: false,
        keepsFolder: false,
      });
      expect(differences, `again: CHAOS_SEED=${SEED}`).toEqual([]);
      expect(messages).toBeGreaterThan(1_000);
      expect(ticks).toBeGreaterThan(5);
    },
    TIME_MAX_MS,
  );
}
