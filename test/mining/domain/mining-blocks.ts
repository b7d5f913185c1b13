// Blocks, submissions and entries for tests of mining.

import type { Entry } from '../../../src/mining/domain/facts.ts';
import type { KnownBlock, MiningInformation } from '../../../src/mining/domain/information.ts';
import type { Peer, Submission } from '../../../src/mining/domain/submission.ts';

export const BASE_TARGET = 1000n;

/** An account id: `A` repeated. */
export const account = (letter: string) => letter.repeat(40);

export function information(change: Partial<MiningInformation> = {}): MiningInformation {
  return {
    generationSignature: '5a'.repeat(32),
    baseTarget: BASE_TARGET,
    height: 100n,
    blockHash: 'h1',
    targetQuality: null,
    minimumCompression: 1n,
    targetCompression: 1n,
    text: '{}',
    ...change,
  };
}

export function block(
  change: Partial<Omit<KnownBlock, 'information'>> & { of?: Partial<MiningInformation> } = {},
): KnownBlock {
  const { of, ...rest } = change;
  return { upstream: 'first', mode: 'pool', age: 'current', information: information(of), ...rest };
}

export function submission(change: Partial<Submission> = {}): Submission {
  return {
    blockHash: 'h1',
    height: 100n,
    generationSignature: '5a'.repeat(32),
    baseTarget: BASE_TARGET,
    accountId: account('a'),
    seed: '0b'.repeat(32),
    nonce: 7n,
    compression: 1,
    rawQuality: 400_000n,
    ...change,
  };
}

export function peer(address = '10.0.0.1'): Peer {
  return { machineId: address, address };
}

export function entry(change: Partial<Omit<Entry, 'submission'>> & { of?: Partial<Submission> } = {}): Entry {
  const { of, ...rest } = change;
  const blockHash = rest.blockHash ?? 'h1';
  return {
    id: 1,
    upstream: 'first',
    mode: 'pool',
    blockHash,
    submission: submission({ blockHash, ...of }),
    machineId: rest.address ?? '10.0.0.1',
    address: '10.0.0.1',
    receivedAtMs: 0,
    pocTime: 100n,
    state: 'checking',
    ...rest,
  };
}
