import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { U64_MAX, type Printable, printLossless } from '../../../src/lib/lossless-json.ts';
import type { MiningInformation } from '../../../src/mining/domain/information.ts';
import {
  type LiveStatistics,
  NO_OUTCOMES,
  NO_STATISTICS,
  type PairSeen,
  type StatisticsSnapshot,
} from '../../../src/mining/domain/statistics.ts';
import { statsDocument } from '../../../src/mining/domain/stats-document.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
const [FIRST, SECOND] = ['a'.repeat(40), 'b'.repeat(40)];

const INFORMATION: MiningInformation = {
  generationSignature: '0'.repeat(64),
  baseTarget: 36_650_387_592n,
  height: 1_000n,
  blockHash: 'hash',
  targetQuality: null,
  minimumCompression: 1n,
  targetCompression: 1n,
  text: '{}',
};
const LIVE: LiveStatistics = {
  nowMs: NOW_MS,
  uptimeSecs: 77,
  blockTimeSecs: 120,
  information: INFORMATION,
  upstreams: [
    { name: 'pool', state: 'ready', isActive: true, forwarded: 3, accepted: 2, rejected: 1, waiting: 1 },
  ],
};

function pair(machine: number, account: number, agoSecs: number, more: Partial<PairSeen> = {}): PairSeen {
  return {
    machine,
    account,
    submittedAtMs: NOW_MS - agoSecs * SECOND_MS,
    submissions24h: 72,
    capacityTib: 1.5,
    outcomes: NO_OUTCOMES,
    ...more,
  };
}

const SNAPSHOT: StatisticsSnapshot = {
  atMs: NOW_MS,
  isComplete: true,
  uniqueMiners: 9,
  uniqueMachines: 12,
  machines: [
    { machineId: '10.0.0.3', seenAtMs: NOW_MS - 301 * SECOND_MS },
    { machineId: '10.0.0.2', seenAtMs: NOW_MS - 2500 },
    { machineId: 'attic@10.0.0.1', seenAtMs: NOW_MS - 1000 },
    { machineId: '10.0.0.9', seenAtMs: NOW_MS - 4000 },
  ],
  accounts: [
    { accountId: SECOND, refusal: 'not assigned to this pool' },
    { accountId: FIRST, refusal: null },
  ],
  pairs: [
    pair(0, 1, 400, { submissions24h: 36, capacityTib: 0 }),
    pair(2, 1, 4000, { outcomes: { forwarded: 3, accepted: 2, rejected: 1, verified: 4, failedProofs: 5 } }),
    pair(2, 0, 20, { submissions24h: 0, capacityTib: 0.25 }),
    pair(1, 0, 10, { submissions24h: 720 }),
  ],
  bests: [
    {
      blockHash: 'hash',
      height: 999n,
      rawQuality: 1n,
      pocTime: 1n,
      accountId: SECOND,
      machineId: '10.0.0.2',
    },
    {
      blockHash: 'hash',
      height: 1_000n,
      rawQuality: U64_MAX,
      pocTime: U64_MAX - 1n,
      accountId: FIRST,
      machineId: 'attic@10.0.0.1',
    },
  ],
};

describe('the document of /stats', () => {
  it('stats - member by member, nested lists and unsigned digits included', () => {
    const golden = readFileSync(new URL('stats-document.golden.json', import.meta.url), 'utf8');
    const text = printLossless(statsDocument(SNAPSHOT, LIVE) as unknown as Printable);
    // Compared as text without spaces, because JSON.parse would round the digits.
    expect(text).toBe(golden.replaceAll(/\n */g, '').replaceAll('": ', '":'));
  });

  it('stats - before the first information and the first snapshot every member is there', () => {
    const empty = statsDocument(NO_STATISTICS, { ...LIVE, information: null, upstreams: [] });
    expect(empty).toEqual({
      uniqueMiners: 0,
      uniqueMachines: 0,
      activeMachines: 0,
      currentHeight: 0n,
      uptimeSecs: 77,
      totalCapacity: 'N/A',
      networkCapacity: 'N/A',
      currentBlockBest: {
        height: 0n,
        bestPocTime: null,
        bestRawQuality: null,
        bestAccountId: null,
        bestMachineId: null,
      },
      machines: [],
      accounts: [],
      ...NO_OUTCOMES,
      upstreams: [],
      isComplete: false,
    });
  });

  it('stats - the best of an earlier block is not shown for a new one', () => {
    const information = { ...INFORMATION, blockHash: 'next', height: 1_001n };
    expect(statsDocument(SNAPSHOT, { ...LIVE, information }).currentBlockBest).toEqual({
      height: 1_001n,
      bestPocTime: null,
      bestRawQuality: null,
      bestAccountId: null,
      bestMachineId: null,
    });
  });

  it('stats - a poll keeps alive the machine, and those accounts of it that submitted within 24 hours', () => {
    const snapshot: StatisticsSnapshot = {
      ...SNAPSHOT,
      machines: [{ machineId: 'm', seenAtMs: NOW_MS - 1000 }],
      pairs: [pair(0, 0, 86_399), pair(0, 1, 86_400)],
    };
    const { machines, accounts } = statsDocument(snapshot, LIVE);
    expect(machines).toMatchObject([{ machineId: 'm', isActive: true, lastSeenSecsAgo: 1, accountCount: 1 }]);
    expect(accounts).toMatchObject([{ accountId: SECOND, isActive: true, lastSeenSecsAgo: 1 }]);
  });

  it('stats - a silent machine is inactive after 300 s, listed for 24 hours and then gone', () => {
    const at = (silenceMs: number) => {
      const machines = [{ machineId: 'm', seenAtMs: NOW_MS - silenceMs }];
      const document = statsDocument({ ...SNAPSHOT, machines, pairs: [] }, LIVE);
      return [document.activeMachines, ...document.machines.map(({ isActive }) => isActive)];
    };
    expect(at(299_999)).toEqual([1, true]);
    expect(at(300_000)).toEqual([0, false]);
    expect(at(DAY_MS - 1)).toEqual([0, false]);
    expect(at(DAY_MS)).toEqual([0]);
  });

  it('stats - three names behind one address are three machines', () => {
    const machines = ['a@10.0.0.1', 'b@10.0.0.1', 'c@10.0.0.1'].map((machineId) => ({
      machineId,
      seenAtMs: NOW_MS,
    }));
    expect(statsDocument({ ...SNAPSHOT, machines, pairs: [] }, LIVE).machines).toHaveLength(3);
  });

  it('stats - with blocks longer than a day no share of them can be told', () => {
    const { machines } = statsDocument(SNAPSHOT, { ...LIVE, blockTimeSecs: 86_401 });
    expect(machines.every(({ submissionPercentage }) => submissionPercentage === 0)).toBe(true);
  });
});
