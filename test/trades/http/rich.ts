// A busy program with everything on its page, hostile texts included.

import type { AccountRow } from '../../../src/trades/domain/account.ts';
import type { JobStatus } from '../../../src/trades/domain/job.ts';
import type {
  BucketQuery,
  BucketSeries,
  OutboxQuery,
  OutboxRow,
} from '../../../src/trades/domain/questions.ts';
import type { JobRow, TradesView } from '../../../src/trades/domain/view.ts';
import { VIEW } from './view.ts';

/** Markup that must stay text wherever it is shown. */
export const HOSTILE = '<img src=x onerror=alert(1)><script>alert(2)</script>';
const LONG = `client-${'W'.repeat(121)}`;
const HOUR_MS = 3_600_000;
const NAMES = [HOSTILE, LONG, 'test-client-1', 'desk-berlin', 'Ünïcode 客户 🚀'];
const nameAt = (index: number): string => NAMES[index % NAMES.length] ?? '';
const digestAt = (index: number): string => (index * 2_654_435_761).toString(16).padStart(64, 'c0ffee');

export const RICH_VIEW: TradesView = {
  ...VIEW,
  isDemonstration: true,
  startedAtMs: Date.now() - 5_400_000,
  jobs: {
    ...VIEW.jobs,
    byStatus: { collecting: 412, processing: 37, completed: 288, failed: 6 },
    opened: 12_345,
    taken: 1_234_567,
    heldBytes: 87_654_321,
    folded: 1_100_000,
  },
  outbox: {
    ...VIEW.outbox,
    waiting: 1_204,
    waitingBytes: 2_500_000,
    heldBytes: 5_000_000,
    deadLetters: 2,
    oldestAgeMs: 754_000,
    delivered: 10_911,
    attempts: { delivered: 10_900, repeated: 11, retried: 512, dead: 2 },
    lastDeliveredAtMs: Date.now() - 754_000,
    problem: 'the backend answered HTTP 503',
  },
  accounts: { ...VIEW.accounts, online: 4, stale: 4, offline: 4, isLinked: true },
  store: { ...VIEW.store, sizeBytes: 73_400_320, freeBytes: 19_000_000_000 },
};

const STATUSES: readonly JobStatus[] = ['collecting', 'processing', 'completed', 'failed'];

/** Jobs of that program. */
export const RICH_JOBS: readonly JobRow[] = Array.from({ length: 40 }, (_, index) => ({
  name: (index * 40_503_377).toString(16).padStart(8, '0').slice(0, 8),
  clientId: nameAt(index),
  exchange: index % 3 === 0 ? 'mock' : HOSTILE,
  status: STATUSES[index % 4] ?? 'collecting',
  trades: index * 977,
  createdAtMs: Date.now() - index * 9_000,
  expiresAtMs: Date.now() + 600_000 - index * 9_000,
  digest: index % 4 === 0 ? null : digestAt(index),
}));

/** Accounts of that program, in every state and with a hostile label. */
export const RICH_ACCOUNTS: readonly AccountRow[] = Array.from({ length: 12 }, (_, index): AccountRow => {
  const node = (['online', 'stale', 'offline'] as const)[index % 3] ?? 'online';
  const reason = { online: null, stale: 'nonce', offline: 'key_refused' } as const;
  return {
    accountId: digestAt(index),
    label: index === 0 ? '' : nameAt(index),
    exchange: ['binance', 'bybit', 'kraken'][index % 3] ?? 'binance',
    accountType: 'spot',
    isSandbox: index === 5,
    isLocal: index === 6,
    node,
    reason: reason[node],
    exchangeCode: node === 'offline' ? '-2015' : null,
    warnings: index % 4 === 0 ? ['can_trade', 'not_ip_bound', 'expires'] : [],
    keyExpiresAtMs: index % 4 === 0 ? Date.UTC(2099, 0, 1) : null,
    lastPollAtMs: index === 11 ? null : Date.now() - index * 7_000,
    nextPollAtMs: Date.now() + 20_000,
    intervalMs: 30_000 * (1 + (index % 4)),
    unpolledMarkets: index % 5,
    readToMs: Date.now() - index * 7_000,
    seq: index * 31,
    sessionExpiresAtMs: node === 'offline' ? null : Date.now() + 3_600_000 * (1 + index),
  };
});

const ENTRIES: readonly OutboxRow[] = Array.from({ length: 130 }, (_, index): OutboxRow => {
  const state = index === 2 || index === 77 ? 'dead' : index < 20 ? 'waiting' : 'delivered';
  return {
    id: 1_130 - index,
    clientId: nameAt(index),
    exchange: index % 3 === 0 ? 'mock' : HOSTILE,
    digest: digestAt(index),
    seq: null,
    state,
    trades: index * 13,
    bodyBytes: 700,
    sealedAtMs: Date.now() - index * 45_000,
    endedAtMs: state === 'waiting' ? null : Date.now() - index * 44_000,
    attempts: state === 'waiting' ? index : 1,
    status: { dead: 401, waiting: 503, delivered: 200 }[state],
    reason: {
      dead: 'HTTP status 401: the backend does not know the key',
      waiting: 'the backend is away',
      delivered: '',
    }[state],
  };
});

/** A page of the outbox of that program. */
export function richOutbox({ state, beforeId, limit }: OutboxQuery): readonly OutboxRow[] {
  return ENTRIES.filter(
    (row) => (state === null || row.state === state) && (beforeId === null || row.id < beforeId),
  ).slice(0, limit);
}

/** Buckets of that program, with hours without trades. One client has a tenth of them. */
export function richBuckets({ fromMs, toMs, clientId }: BucketQuery): BucketSeries {
  const hours = (toMs - fromMs) / HOUR_MS;
  const stepMs = Math.ceil(hours / 800) * HOUR_MS;
  const share = clientId === null ? 1 : 0.1;
  const points = Array.from({ length: Math.floor((toMs - fromMs) / stepMs) }, (_, index) => ({
    atMs: fromMs + index * stepMs,
    trades: Math.round(share * (40 + ((index * 7_919) % 90))),
    volumeQuote: share * (120_000 + ((index * 104_729) % 350_000)),
    feesUsd: share * 12,
  })).filter((_, index) => index % 11 !== 5 && index % 17 !== 3);
  return { stepMs, points };
}

/** The parts of a server over that program. */
export const RICH_PARTS = {
  jobRows: (limit: number) => RICH_JOBS.slice(0, limit),
  accountRows: () => RICH_ACCOUNTS,
  outbox: async (query: OutboxQuery) => richOutbox(query),
  buckets: async (query: BucketQuery) => richBuckets(query),
  clients: async () =>
    NAMES.map((clientId, index) => ({ clientId, summaries: index + 1, lastSealedAtMs: Date.now() })),
};
