// Makes the document of `/stats` of the writer's snapshot and of what main knows at the moment. Pure: time is an
// argument.

import { submissionPercentage } from './block-time.ts';
import { networkBytes, sizeText, tibToBytes } from './capacity.ts';
import {
  type AccountOfMachine,
  type AccountStatistics,
  ACTIVE_MS,
  type CurrentBlockBest,
  LISTED_MS,
  type LiveStatistics,
  type MachineOfAccount,
  type MachineStatistics,
  NO_OUTCOMES,
  type Outcomes,
  type PairSeen,
  type StatisticsSnapshot,
  type StatsDocument,
} from './statistics.ts';

/** A pair with what is shown of it. */
interface ShownPair extends Outcomes {
  readonly accountId: string;
  readonly machineId: string;
  readonly capacityTib: number;
  readonly submissions24h: number;
  readonly submissionPercentage: number;
  readonly lastSeenSecsAgo: number;
  readonly isActive: boolean;
}

/** Sums over the pairs of a machine or of an account. */
interface Sums extends Outcomes {
  readonly totalCapacityTib: number;
  readonly submissions24h: number;
  readonly submissionPercentage: number;
  readonly lastSeenSecsAgo: number;
  readonly isActive: boolean;
}

/** The JSON of `GET /stats` at `live.nowMs`. */
export function statsDocument(snapshot: StatisticsSnapshot, live: LiveStatistics): StatsDocument {
  const { byMachine, byAccount } = shownPairs(snapshot, live);
  const machines = machinesOf(snapshot, live, byMachine);
  const accounts = accountsOf(snapshot, byAccount);
  const { information } = live;
  const pairs = [...byMachine.values()].flat();
  const totalTib = pairs.reduce((sum, { capacityTib }) => sum + capacityTib, 0);
  return {
    uniqueMiners: snapshot.uniqueMiners,
    uniqueMachines: snapshot.uniqueMachines,
    activeMachines: machines.filter(({ isActive }) => isActive).length,
    currentHeight: information?.height ?? 0n,
    uptimeSecs: live.uptimeSecs,
    totalCapacity: information === null ? 'N/A' : sizeText(tibToBytes(totalTib)),
    networkCapacity:
      information === null ? 'N/A' : sizeText(networkBytes(information.baseTarget, live.blockTimeSecs)),
    currentBlockBest: currentBest(snapshot, live),
    machines,
    accounts,
    ...outcomesOf(pairs),
    upstreams: live.upstreams,
    isComplete: snapshot.isComplete,
  };
}

/** All pairs that are listed, by the ids of their machines and of their accounts. */
function shownPairs(snapshot: StatisticsSnapshot, live: LiveStatistics) {
  const byMachine = new Map<string, ShownPair[]>();
  const byAccount = new Map<string, ShownPair[]>();
  for (const pair of snapshot.pairs) {
    const shown = shownPair(pair, snapshot, live);
    if (shown === null) continue;
    push(byMachine, shown.machineId, shown);
    push(byAccount, shown.accountId, shown);
  }
  return { byMachine, byAccount };
}

function push(lists: Map<string, ShownPair[]>, id: string, pair: ShownPair): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [pair]);
  else list.push(pair);
}

/** Null if the pair has not submitted for 24 hours. */
function shownPair(pair: PairSeen, snapshot: StatisticsSnapshot, live: LiveStatistics): ShownPair | null {
  const machine = snapshot.machines[pair.machine];
  const account = snapshot.accounts[pair.account];
  if (machine === undefined || account === undefined) return null;
  if (live.nowMs - pair.submittedAtMs >= LISTED_MS) return null;
  const silenceMs = live.nowMs - Math.max(pair.submittedAtMs, machine.seenAtMs);
  return {
    accountId: account.accountId,
    machineId: machine.machineId,
    capacityTib: pair.capacityTib,
    submissions24h: pair.submissions24h,
    submissionPercentage: submissionPercentage(pair.submissions24h, live.blockTimeSecs),
    ...seenBefore(silenceMs),
    ...pair.outcomes,
  };
}

function seenBefore(silenceMs: number) {
  return { lastSeenSecsAgo: Math.max(0, Math.floor(silenceMs / 1000)), isActive: silenceMs < ACTIVE_MS };
}

function machinesOf(
  { machines }: StatisticsSnapshot,
  { nowMs }: LiveStatistics,
  pairsOf: ReadonlyMap<string, readonly ShownPair[]>,
): MachineStatistics[] {
  const listed: MachineStatistics[] = [];
  for (const { machineId, seenAtMs } of machines) {
    const silenceMs = nowMs - seenAtMs;
    if (silenceMs >= LISTED_MS) continue;
    const pairs = pairsOf.get(machineId) ?? [];
    const accounts: AccountOfMachine[] = pairs.map(({ machineId: _machineId, ...account }) => account);
    const sums = { ...sumsOf(pairs), ...seenBefore(silenceMs) };
    listed.push({
      machineId,
      accountCount: accounts.length,
      ...sums,
      accounts: sorted(accounts, ({ accountId }) => accountId),
    });
  }
  return sorted(listed, ({ machineId }) => machineId);
}

function accountsOf(
  { accounts }: StatisticsSnapshot,
  pairsOf: ReadonlyMap<string, readonly ShownPair[]>,
): AccountStatistics[] {
  const listed: AccountStatistics[] = [];
  for (const { accountId, refusal } of accounts) {
    const pairs = pairsOf.get(accountId);
    if (pairs === undefined) continue;
    const machines: MachineOfAccount[] = pairs.map(({ accountId: _accountId, ...machine }) => machine);
    listed.push({
      accountId,
      machineCount: machines.length,
      ...sumsOf(pairs),
      refusal,
      machines: sorted(machines, ({ machineId }) => machineId),
    });
  }
  return sorted(listed, ({ accountId }) => accountId);
}

/** Capacity and submissions are summed, the percentage is the mean, last seen the smallest, active any. */
function sumsOf(pairs: readonly ShownPair[]): Sums {
  const sum = (of: (pair: ShownPair) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
  return {
    totalCapacityTib: sum(({ capacityTib }) => capacityTib),
    submissions24h: sum(({ submissions24h }) => submissions24h),
    submissionPercentage: sum((pair) => pair.submissionPercentage) / Math.max(1, pairs.length),
    lastSeenSecsAgo: pairs.reduce((least, pair) => Math.min(least, pair.lastSeenSecsAgo), Infinity),
    isActive: pairs.some(({ isActive }) => isActive),
    ...outcomesOf(pairs),
  };
}

function outcomesOf(pairs: readonly Outcomes[]): Outcomes {
  return pairs.reduce<Outcomes>(
    (sum, pair) => ({
      forwarded: sum.forwarded + pair.forwarded,
      accepted: sum.accepted + pair.accepted,
      rejected: sum.rejected + pair.rejected,
      verified: sum.verified + pair.verified,
      failedProofs: sum.failedProofs + pair.failedProofs,
    }),
    NO_OUTCOMES,
  );
}

/** Active ones first, then by id, compared by their code units. */
function sorted<T extends { readonly isActive: boolean }>(
  list: readonly T[],
  idOf: (item: T) => string,
): T[] {
  return list.toSorted((a, b) => {
    if (a.isActive !== b.isActive) return a.isActive ? -1 : 1;
    return idOf(a) < idOf(b) ? -1 : 1;
  });
}

function currentBest({ bests }: StatisticsSnapshot, { information }: LiveStatistics): CurrentBlockBest {
  const best = bests.find(
    ({ blockHash, height }) => blockHash === information?.blockHash && height === information.height,
  );
  return {
    height: information?.height ?? 0n,
    bestPocTime: best?.pocTime ?? null,
    bestRawQuality: best?.rawQuality ?? null,
    bestAccountId: best?.accountId ?? null,
    bestMachineId: best?.machineId ?? null,
  };
}
