// Facts and databases for the tests of the store.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import type { Entry, Fact, Verdict } from '../../../src/mining/domain/facts.ts';
import type { MiningInformation } from '../../../src/mining/domain/information.ts';
import { openMiningWriter } from '../../../src/mining/store/mining-database.ts';
import { MiningWriter } from '../../../src/mining/store/writer.ts';

/** The moment of the tests. */
export const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
/** An account id of one digit. */
export const account = (digit: number) => digit.toString(16).repeat(40);

/** A path in a folder that the test leaves behind for nobody. */
export function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mining-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'aggregator.db');
}

/** A writer on a database; closed at the end of the test. */
export function openWriter(
  path = temporaryPath(),
  { retentionMs = 0, nowMs = NOW_MS } = {},
): { database: Database; writer: MiningWriter; path: string } {
  const database = openMiningWriter(path);
  onTestFinished(() => void database.close());
  const writer = new MiningWriter(database, retentionMs, nowMs);
  while (!writer.restoreStep());
  return { database, writer, path };
}

/** Stores facts. */
export function commit(writer: MiningWriter, ...facts: readonly Fact[]) {
  return writer.commit([{ facts, observedMs: 0 }], false);
}

/** A submission of account 1 at machine `m` for the block `hash` of height 1000. */
export function submitted(
  rawQuality: bigint,
  verdict: Verdict,
  more: Partial<Extract<Fact, { type: 'submitted' }>> = {},
): Extract<Fact, { type: 'submitted' }> {
  return {
    type: 'submitted',
    atMs: NOW_MS,
    machineId: 'm',
    accountId: account(1),
    upstream: 'pool',
    blockHash: 'hash',
    height: 1000n,
    baseTarget: 10n,
    rawQuality,
    pocTime: rawQuality / 10n,
    verdict,
    ...more,
  };
}

/** A verdict on a submission of {@link submitted}. */
export function judged(
  rawQuality: bigint,
  verdict: Verdict,
  more: Partial<Extract<Fact, { type: 'judged' }>> = {},
): Extract<Fact, { type: 'judged' }> {
  return {
    type: 'judged',
    atMs: NOW_MS,
    machineId: 'm',
    accountId: account(1),
    blockHash: 'hash',
    rawQuality,
    verdict,
    text: null,
    ...more,
  };
}

/** A mining information. */
export function informationOf(height: bigint, more: Partial<MiningInformation> = {}): MiningInformation {
  return {
    generationSignature: 'f'.repeat(64),
    baseTarget: 10n,
    height,
    blockHash: 'hash',
    targetQuality: null,
    minimumCompression: 1n,
    targetCompression: 1n,
    text: `{"height":${height}}`,
    ...more,
  };
}

/** The fact that an information of the upstream `pool` changed. */
export function information(height: bigint, more: Partial<MiningInformation> = {}): Fact {
  return {
    type: 'information',
    atMs: NOW_MS,
    upstream: 'pool',
    information: informationOf(height, more),
    isNewBlock: true,
    isActive: true,
  };
}

/** An entry of the desk. */
export function entry(id: number, more: Partial<Entry> = {}): Entry {
  return {
    id,
    upstream: 'pool',
    mode: 'pool',
    blockHash: 'hash',
    submission: {
      blockHash: 'hash',
      height: 2n ** 64n - 1n,
      generationSignature: 'F'.repeat(64),
      baseTarget: 10n,
      accountId: 'A'.repeat(40),
      seed: 'e'.repeat(64),
      nonce: 2n ** 64n - 1n,
      compression: 1,
      rawQuality: 2n ** 63n,
    },
    machineId: 'm',
    address: '10.0.0.1',
    receivedAtMs: NOW_MS,
    pocTime: 7n,
    state: 'waiting',
    ...more,
  };
}
