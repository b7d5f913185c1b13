// Reads the record of a simulated upstream, computes what it must have, and compares the two.

import { readFileSync } from 'node:fs';
import type { BlockPlan } from './block-plan.ts';
import type { MinerPlan } from './miner-plan.ts';
import { expectBlock, type OracleMode } from './oracle.ts';
import { readRecord } from './received.ts';
import { type VerifiedRecord, verifyRecord } from './verify-record.ts';

/** Which record is compared, and with which plans it was made. */
export interface VerificationRun {
  readonly recordPath: string;
  /** A file with the time of each kill of the aggregator, in ms since the epoch, one a line; null: there was none. */
  readonly killsPath: string | null;
  readonly blocks: BlockPlan;
  readonly miners: MinerPlan;
  readonly mode: OracleMode;
  /** The first block that all miners saw from its start, by index from 0. */
  readonly from: number;
  /** Told the share that is done. */
  onProgress(share: number): void;
}

/** The outcome, with the number of blocks that were complete. */
export interface RunVerified extends VerifiedRecord {
  readonly blocks: number;
}

/** Compares. The last block of the record is not complete. Throws the system's error if a file cannot be read. */
export function verifyRun(run: VerificationRun): RunVerified {
  const { blocks, miners, mode, from } = run;
  const lines = readRecord(run.recordPath);
  const begun = lines.filter(({ type }) => type === 'block').length;
  const expected = Array.from({ length: begun }, (_none, index) => {
    run.onProgress(index / begun);
    return expectBlock({ blocks, miners, mode }, index);
  });
  const kills = run.killsPath === null ? [] : readTimes(run.killsPath);
  const completeTo = Math.max(from, begun - 1);
  const verified = verifyRecord({ mode, blocks, expected, lines, completeFrom: from, completeTo, kills });
  return { ...verified, blocks: completeTo - from };
}

function readTimes(path: string): readonly number[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map(Number);
}
