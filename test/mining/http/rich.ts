// A busy program with everything on its dashboard, hostile texts included.

import { VERDICTS, type Verdict } from '../../../src/mining/domain/facts.ts';
import type { StatsDocument } from '../../../src/mining/domain/statistics.ts';
import type { MiningView, UpstreamView } from '../../../src/mining/domain/view.ts';
import { accountOf, machineOf, STATISTICS, UPSTREAM, VIEW } from './view.ts';

/** Markup that must stay text wherever it is shown. */
export const HOSTILE = `<img src=x onerror=alert(1)><script>alert(2)</script>`;
export const HOSTILE_MACHINE = `${HOSTILE}@10.0.0.66`;
export const LONG_MACHINE = `${'W'.repeat(64)}@2001:db8:85a3:8d3:1319:8a2e:370:7348`;
/** An account that no miner can have: the table must not trust the desk. */
export const HOSTILE_ACCOUNT = `"><b>${'x'.repeat(33)}`;
export const FALSE_ACCOUNT = 'f0'.repeat(20);

const account = (index: number): string => index.toString(16).padStart(40, 'c0ffee');

const verdicts = Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, index * 37])) as Record<
  Verdict,
  number
>;

const fallback: UpstreamView = {
  ...UPSTREAM,
  name: `fallback-wallet-${'long-'.repeat(12)}name`,
  mode: 'wallet',
  state: 'down',
  isActive: false,
  height: null,
  informationAgeMs: null,
  lastError: {
    text: `401 ${HOSTILE} ${'the cookie is not the one of this node '.repeat(6)}`,
    atMs: Date.now() - 5_000,
  },
  alarms: [`the upstream refuses the password: ${HOSTILE}`],
  delivery: {
    ...UPSTREAM.delivery,
    waiting: 0,
    underWay: 0,
    oldestAgeMs: 0,
    mismatched: 2,
    outcomes: { delivered: 0, refused: 4, expired: 9, replaced: 0 },
  },
};

export const RICH_VIEW: MiningView = {
  ...VIEW,
  isDemonstration: true,
  startedAtMs: Date.now() - 5_400_000,
  machines: { online: 1_480, stale: 14, offline: 6 },
  upstreams: [{ ...UPSTREAM, sinceMs: Date.now() - 5_000_000, height: 1_234_567n }, fallback],
  door: { ...VIEW.door, connections: 1_497, informationAnswers: { fresh: 900_000, old: 12, none: 3 } },
  desk: { ...VIEW.desk, verdicts, answeredUnverified: 12_345 },
};

const machines = [
  machineOf(HOSTILE_MACHINE, HOSTILE_ACCOUNT, { totalCapacityTib: 9_999 }),
  machineOf(LONG_MACHINE, account(1), { totalCapacityTib: 5_000.25 }),
  ...Array.from({ length: 118 }, (_, index) =>
    machineOf(`rig-${String(index).padStart(3, '0')}@10.0.${index % 4}.${index}`, account(index % 9), {
      totalCapacityTib: 120 - index,
      lastSeenSecsAgo: index,
      isActive: index % 5 !== 0,
    }),
  ),
];

/** The statistics of that program. */
export const RICH_STATISTICS: StatsDocument = {
  ...STATISTICS,
  uniqueMiners: 12,
  uniqueMachines: 1_777,
  activeMachines: 1_494,
  totalCapacity: '15.3 PiB',
  networkCapacity: '1.2 EiB',
  machines,
  accounts: [
    accountOf(HOSTILE_ACCOUNT, [HOSTILE_MACHINE], {
      refusal: `not assigned: ${HOSTILE} ${'no '.repeat(80)}`,
    }),
    accountOf(
      account(1),
      machines.slice(1, 119).map(({ machineId }) => machineId),
    ),
    accountOf(FALSE_ACCOUNT, ['10.0.0.7'], {
      machines: [
        {
          machineId: '10.0.0.7',
          capacityTib: 0,
          submissions24h: 3,
          submissionPercentage: 0.4,
          lastSeenSecsAgo: 3,
          isActive: true,
          forwarded: 12,
          accepted: 9,
          rejected: 3,
          verified: 14,
          failedProofs: 61,
        },
      ],
    }),
  ],
};

/** Rounds and capacity of the last day. */
export function richCharts(nowMs: number) {
  const ats = Array.from({ length: 200 }, (_, index) =>
    new Date(nowMs - (200 - index) * 420_000).toISOString(),
  );
  return {
    rounds: {
      at: ats,
      heights: ats.map((_, index) => String(1_234_367 + index)),
      bestPocTimes: ats.map((_, index) => (index === 50 ? null : 30 + ((index * 7919) % 140))),
      submissions: ats.map((_, index) => index % 9),
      gaps: [],
    },
    capacity: {
      at: ats,
      capacityTib: ats.map((_, index) => 15_000 + 600 * Math.sin(index / 9)),
      gaps: [],
    },
  };
}
