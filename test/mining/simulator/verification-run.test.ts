import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BlockPlan } from '../../../src/mining/simulator/block-plan.ts';
import { MinerPlan } from '../../../src/mining/simulator/miner-plan.ts';
import { MiningSim } from '../../../src/mining/simulator/mining-sim.ts';
import { PlannedUpstream } from '../../../src/mining/simulator/planned-upstream.ts';
import { printLine, readRecord } from '../../../src/mining/simulator/received.ts';
import { verifyRun } from '../../../src/mining/simulator/verification-run.ts';
import { until } from '../../support/until.ts';
import { HashedPlot } from './hashed-plot.ts';
import { ManualTimers } from './manual-timers.ts';

const BLOCK_MS = 4_000;

function newPlans() {
  const shares = { liars: 0, repeaters: 0, stale: 0, nat: 0 };
  return {
    blocks: new BlockPlan({ seed: 8, blockMs: BLOCK_MS, faults: [] }),
    miners: new MinerPlan({
      seed: 8,
      miners: 3,
      ...shares,
      createPlot: (place) => new HashedPlot(place),
    }),
  };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'verification-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Three blocks of miners that each have an account and need no aggregator; returns the path of the record. */
async function recordOf(folder: string): Promise<string> {
  const recordPath = join(folder, 'record.jsonl');
  const { blocks, miners: plan } = newPlans();
  const timers = new ManualTimers();
  const upstream = new PlannedUpstream(blocks, { prover: null, timers, recordPath });
  onTestFinished(() => upstream.stop());
  const { url } = await upstream.start();
  const miners = new MiningSim({ url, plan, timers, scanMs: 500 });
  onTestFinished(() => miners.stop());
  await miners.start();
  for (let block = 0; block < 3; block += 1) {
    const { block: current } = blocks.at(block);
    const works = plan.miners.flatMap((miner) => plan.workOf(miner, current));
    const isDone = () =>
      upstream.sim.accepted.filter(({ blockHash }) => blockHash === current.blockHash).length ===
      works.length;
    // The socket needs real time, so simulated time passes slowly until all is there; then the block ends.
    await until(
      'the work of the block',
      () => {
        if (timers.nowMs < (block + 1) * BLOCK_MS - 100) timers.pass(20);
        return isDone();
      },
      20_000,
    );
    timers.pass((block + 1) * BLOCK_MS - timers.nowMs);
  }
  await miners.stop();
  await upstream.stop();
  return recordPath;
}

const linesOf = (path: string) => readRecord(path).map((line) => printLine({ ...line, atMs: 0 }));

it('verification - a record of right miners is right, the same for the same seed, and not with one line less', async () => {
  const folder = newFolder();
  const recordPath = await recordOf(folder);
  const again = linesOf(await recordOf(newFolder()));
  expect(again.toSorted()).toEqual(linesOf(recordPath).toSorted());
  expect(again.length).toBeGreaterThan(12);
  const killsPath = join(folder, 'kills');
  writeFileSync(killsPath, '');
  const shares: number[] = [];
  const run = { ...newPlans(), recordPath, killsPath, mode: 'pool', from: 0 } as const;
  const whole = verifyRun({ ...run, onProgress: (share) => shares.push(share) });
  expect(whole).toMatchObject({ faults: [], blocks: 3, required: 9, repeated: 0 });
  expect(shares).toEqual([0, 0.25, 0.5, 0.75]);
  const lines = readFileSync(recordPath, 'utf8').split('\n');
  const last = lines.findLastIndex((line) => line.includes('"accepted"'));
  writeFileSync(recordPath, lines.toSpliced(last, 1).join('\n'));
  const { faults } = verifyRun({ ...run, onProgress: () => undefined });
  expect(faults).toEqual([expect.stringMatching(/^Block 2: .* was not accepted\.$/)]);
  appendFileSync(killsPath, '5\n');
  expect(verifyRun({ ...run, onProgress: () => undefined }).faults).toEqual(faults);
});
