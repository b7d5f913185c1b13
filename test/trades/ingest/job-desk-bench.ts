// A job desk in hand-made surroundings: real actors under a real supervisor, real trade logs and real arithmetic; the
// test decides when seals and commits end, what the outbox takes, and what becomes of deliveries. Time is moved by hand.

import { generateKeyPairSync, sign } from 'node:crypto';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { thumbprint } from '../../../src/lib/ed25519.ts';
import { JobActors } from '../../../src/trades/actors/job-actors.ts';
import type { Attempt, Fact, OutboxEntry, SealedFact } from '../../../src/trades/domain/facts.ts';
import { foldJob } from '../../../src/trades/domain/fold-job.ts';
import type { ProcessOutcome } from '../../../src/trades/domain/job.ts';
import { jobMarket } from '../../../src/trades/domain/market.ts';
import { sealSummary } from '../../../src/trades/domain/payload.ts';
import type { SealRequest } from '../../../src/trades/domain/seal-request.ts';
import type { StoredJob } from '../../../src/trades/domain/stored-job.ts';
import type { SealedSummary } from '../../../src/trades/domain/summary.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { decodeTrades } from '../../../src/trades/domain/trade-log.ts';
import { EntryIds } from '../../../src/trades/ingest/entry-ids.ts';
import { JobDesk } from '../../../src/trades/ingest/job-desk.ts';
import type { JobDeskOptions, JobDeskParts, JobDoor } from '../../../src/trades/ingest/job-desk-parts.ts';
import { ManualTime } from '../../support/manual-time.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
const pair = generateKeyPairSync('ed25519');
const { x = '' } = pair.publicKey.export({ format: 'jwk' });
/** The key that signs. */
export const KEY = { kid: thumbprint(x), x };

export const flush = () => new Promise((resolve) => setImmediate(resolve));

export const TTL_MS = 600_000;

export const delivered = (response = '{"ok":true}'): Attempt => ({
  status: 200,
  reason: 'the backend took it',
  response,
});
export const refused: Attempt = {
  status: 400,
  reason: 'The backend refused it (400).',
  response: 'secret text',
};

export function tradeOf(change: Partial<Trade> & { symbol?: string } = {}): Trade {
  const { symbol = 'BTCUSDT', ...members } = change;
  const market = jobMarket(symbol);
  if (market === null) throw new Error('an inverse market');
  return {
    market,
    side: 'buy',
    price: '100',
    amount: '0.5',
    timestampMs: Date.UTC(2025, 0, 1, 10),
    id: null,
    fees: [],
    position: null,
    ...members,
  };
}

/** Calls `process`, and tells what came of it as soon as something did. */
export function call(desk: JobDesk, jobId: string): { outcome: ProcessOutcome | null } {
  const answer = desk.process(jobId);
  if (answer === 'unknown') throw new Error('unknown');
  const seen: { outcome: ProcessOutcome | null } = { outcome: null };
  void answer.then((outcome) => (seen.outcome = outcome));
  return seen;
}

/** One seal that waits for its end. */
export interface HeldSeal {
  readonly request: SealRequest;
  /** Ends it with the real summary, or with a failure. */
  end(failure?: unknown): Promise<unknown>;
}

export interface JobDeskBench {
  readonly desk: JobDesk;
  readonly time: ManualTime;
  readonly supervisor: Supervisor;
  readonly facts: Fact[];
  readonly entries: OutboxEntry[];
  /** What was logged, as `level sentence`. */
  readonly lines: string[];
  readonly seals: HeldSeal[];
  readonly state: {
    /** False: seals wait in {@link JobDeskBench.seals}. */
    sealsAtOnce: boolean;
    /** False: commits wait for {@link JobDeskBench.commitAll}. */
    commitsAtOnce: boolean;
    refusesCommits: boolean;
    refusesSignatures: boolean;
    outboxBytesMax: number;
    keyId: string;
    /** Times that `seal` was asked. */
    sealsAsked: number;
    sealsAtOnceMost: number;
  };
  open(clientId?: string): { readonly jobId: string; readonly door: JobDoor };
  pass(ms: number): Promise<void>;
  commitAll(failure?: unknown): Promise<unknown>;
  sealed(): readonly SealedFact[];
  /** What a restart would find. */
  stored(): readonly StoredJob[];
}

export function sealNow(request: SealRequest): SealedSummary {
  const figures = foldJob(decodeTrades(request.trades), request);
  return sealSummary(figures, { ...request, provenance: 'client_reported' });
}

export function jobDeskBench(
  options: Partial<JobDeskOptions> & { stored?: readonly StoredJob[]; firstEntryId?: number } = {},
  change: (parts: JobDeskParts) => JobDeskParts = (parts) => parts,
): JobDeskBench {
  const { stored = [], firstEntryId = 1, ...settings } = options;
  const time = new ManualTime();
  const facts: Fact[] = [];
  const entries: OutboxEntry[] = [];
  const lines: string[] = [];
  const seals: HeldSeal[] = [];
  const commits: ((failure?: unknown) => void)[] = [];
  let underWay = 0;
  const state: JobDeskBench['state'] = {
    sealsAtOnce: true,
    commitsAtOnce: true,
    refusesCommits: false,
    refusesSignatures: false,
    outboxBytesMax: Infinity,
    keyId: KEY.kid,
    sealsAsked: 0,
    sealsAtOnceMost: 0,
  };
  const logAt = (level: string) => (sentence: string) => void lines.push(`${level} ${sentence}`);
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const parts: JobDeskParts = {
    journal: {
      commit(told) {
        if (state.refusesCommits) return Promise.reject(new CodedError('too_many', 'Too many facts wait.'));
        if (state.commitsAtOnce) {
          facts.push(...told);
          return Promise.resolve();
        }
        return new Promise((resolve, reject) => {
          commits.push((failure) => {
            if (failure === undefined) facts.push(...told);
            if (failure === undefined) resolve();
            else reject(failure);
          });
        });
      },
      note: (told) => void facts.push(...told),
    },
    async seal(request) {
      state.sealsAsked++;
      underWay++;
      state.sealsAtOnceMost = Math.max(state.sealsAtOnceMost, underWay);
      try {
        if (!state.sealsAtOnce) {
          await new Promise<void>((resolve, reject) => {
            const end = (failure?: unknown) => {
              if (failure === undefined) resolve();
              else reject(failure);
              return flush();
            };
            seals.push({ request, end });
          });
        }
        return sealNow(request);
      } finally {
        underWay--;
      }
    },
    async sign(text) {
      if (state.refusesSignatures) throw new Error('no signature');
      return sign(null, Buffer.from(text), pair.privateKey).toString('base64');
    },
    signingKeyId: () => state.keyId,
    outbox: {
      hasRoom: (bytes) =>
        entries.reduce((sum, { bodyBytes }) => sum + bodyBytes, bytes) <= state.outboxBytesMax,
      add: (entry) => void entries.push(entry),
      get counts() {
        return { bytesMax: state.outboxBytesMax };
      },
    },
    actors: new JobActors(supervisor),
    clock: time,
    timers: time,
    log: { info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
    entryIds: new EntryIds(firstEntryId),
  };
  const desk = new JobDesk(
    {
      jobsMax: 1_000,
      jobTradesMax: 100_000,
      jobTtlMs: TTL_MS,
      heldBytesMax: 64 * 1_048_576,
      hasTokens: false,
      connectorVersion: '0.2.0',
      withMetadata: true,
      canonical: 'rfc8785',
      returnBasis: 'realized_fifo',
      ...settings,
    },
    change(parts),
  );
  void desk.start();
  desk.restore(stored);
  const sealed = () => facts.filter((fact): fact is SealedFact => fact.type === 'sealed');
  return {
    desk,
    time,
    supervisor,
    facts,
    entries,
    lines,
    seals,
    state,
    sealed,
    open(clientId = 'client') {
      const { jobId, token } = desk.open({ clientId, exchange: 'mock' });
      const door = desk.enter(jobId, token);
      if (typeof door === 'string') throw new Error(door);
      return { jobId, door };
    },
    pass: (ms) => time.advance(ms, flush),
    commitAll(failure) {
      for (const end of commits.splice(0)) end(failure);
      return flush();
    },
    stored() {
      const gone = new Set(facts.flatMap((fact) => (fact.type === 'jobExpired' ? [fact.jobHash] : [])));
      return sealed().flatMap(({ entry, job }) =>
        job === null || gone.has(job.jobHash)
          ? []
          : [
              {
                ...job,
                entryId: entry.id,
                clientId: entry.clientId,
                exchange: entry.exchange,
                digest: entry.digest,
                state: 'waiting' as const,
                attempt: null,
              },
            ],
      );
    },
  };
}
