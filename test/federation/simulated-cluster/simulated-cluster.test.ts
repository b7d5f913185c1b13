// Seeds of the simulated cluster. `npm run chaos -- --cluster --simulate` runs a thousand.

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { runSimulatedCluster } from './simulated-run.ts';

const folder = makeFastFolder('simulated-cluster');
afterAll(() => rmSync(folder, { recursive: true }));

const SEEDS = 25;
const FIRST = 1;

describe('simulated cluster', () => {
  it.each(Array.from({ length: SEEDS }, (_none, index) => FIRST + index))(
    'simulated cluster - seed %i: whatever fails, replicas have the rows of one process and numbers never fall',
    async (seed) => {
      const { differences, messages, ticks } = await runSimulatedCluster(seed, folder);
      expect(differences).toEqual([]);
      expect([messages > 300, ticks > 2]).toEqual([true, true]);
    },
  );
});
