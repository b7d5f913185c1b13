// Facts and databases for the tests of the store.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Database, openWriter as openAny } from '../../../src/store/database.ts';
import type {
  Attempt,
  Fact,
  OutboxEntry,
  SealedCheckpoint,
  SealedFact,
  SealedJob,
} from '../../../src/trades/domain/facts.ts';
import type { HourlyBucket } from '../../../src/trades/domain/summary.ts';
import { TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';
import { TradesWriter } from '../../../src/trades/store/writer.ts';

/** The moment of the tests, the begin of an hour. */
export const NOW_MS = Date.UTC(2026, 0, 15, 10);
/** An hour, in ms. */
export const HOUR_MS = 3_600_000;

/** SHA-256 in hex. */
export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A path in a folder that goes with the test. */
export function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trades-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'trades.db');
}

/** A database with its writer; closed at the end of the test. */
export interface Opened {
  readonly database: Database;
  readonly writer: TradesWriter;
  readonly path: string;
}

/** Opens a database, without its lock. */
export function openWriter(path = temporaryPath(), { retentionMs = 0, accountsMax = 100_000 } = {}): Opened {
  const database = openAny(path, TRADES_DATABASE);
  onTestFinished(() => void database.close());
  return { database, writer: new TradesWriter(database, retentionMs, accountsMax), path };
}

/** Stores facts. */
export function commit(writer: TradesWriter, ...facts: readonly Fact[]): void {
  writer.commit([{ facts, toldAtMs: NOW_MS }], false);
}

/** An hour's sums; `hours` after {@link NOW_MS}. */
export function bucket(hours: number, more: Partial<HourlyBucket> = {}): HourlyBucket {
  const t = new Date(NOW_MS + hours * HOUR_MS).toISOString();
  return { t, return_pct: 1.5, trades: 2, volume_base: 0.2, volume_quote: 100, fees_usd: 0.5, ...more };
}

/** A job that leaves this id behind. */
export function job(id: string, more: Partial<SealedJob> = {}): SealedJob {
  return {
    jobHash: sha256(`job ${id}`),
    tokenHash: sha256(`token ${id}`),
    createdAtMs: NOW_MS - 5_000,
    expiresAtMs: NOW_MS + 600_000,
    trades: 2,
    buckets: 1,
    ...more,
  };
}

/** What a {@link sealed} fact may be given. */
export interface SealedOptions {
  readonly entry?: Partial<OutboxEntry>;
  readonly buckets?: readonly HourlyBucket[];
  readonly job?: SealedJob | null;
  readonly body?: string;
  readonly quote?: string;
  readonly checkpoint?: SealedCheckpoint | null;
}

/** A summary of one hour of client `a`, without a job. Each id has a body and a digest of its own. */
export function sealed(id: number, options: SealedOptions = {}): SealedFact {
  const body = options.body ?? `{"body":${id}}`;
  const entry: OutboxEntry = {
    id,
    clientId: 'a',
    exchange: 'mock',
    provenance: 'client_reported',
    digest: sha256(body),
    seq: null,
    periodStartMs: NOW_MS,
    periodEndMs: NOW_MS + HOUR_MS,
    trades: 2,
    bodyBytes: Buffer.byteLength(body),
    sealedAtMs: NOW_MS + id,
    ...options.entry,
  };
  const { buckets = [bucket(0)], quote = null, job: ofJob = null } = options;
  return { type: 'sealed', entry, body, buckets, quote, job: ofJob, checkpoint: options.checkpoint ?? null };
}

/** An answer of the backend. */
export function attempt(status: number | null, response = ''): Attempt {
  return { status, reason: status === null ? 'no answer' : `HTTP status ${status}`, response };
}

/** The entry was delivered. */
export function delivered(entryId: number, atMs = NOW_MS + 50, response = '{"ok":true}'): Fact {
  return { type: 'delivered', entryId, atMs, attempt: attempt(200, response) };
}

/** The entry was refused for good. */
export function dead(entryId: number, atMs = NOW_MS + 50, response = 'no'): Fact {
  return { type: 'dead', entryId, atMs, attempt: attempt(400, response) };
}

/** The entry waits again. */
export function replayed(entryId: number, atMs = NOW_MS + 90): Fact {
  return { type: 'replayed', entryId, atMs };
}

/** A delivery failed. */
export function attempted(entryId: number, attempts = 1, nextAtMs = NOW_MS + 1_000): Fact {
  return { type: 'attempted', entryId, atMs: NOW_MS, attempts, nextAtMs, attempt: attempt(503) };
}

/** A key signs from now on. */
export function keyUsed(name: string, atMs = NOW_MS): Fact {
  const key = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: `x-${name}`,
    kid: `kid-${name}`,
    use: 'sig',
    alg: 'EdDSA',
  } as const;
  return { type: 'keyUsed', key, provenance: 'client_reported', atMs };
}

/** The state of an account; its content is its turn. */
export function checkpoint(accountId: string, seq: number, turn: number): SealedCheckpoint {
  const sealed = Buffer.from(`t ${turn}`).toString('base64');
  return { accountId, seq, turn, sealed, sealId: 'seal-one' };
}

/** A polled summary of an account. The same account and `seq` are the same summary, whatever its id. */
export function polled(id: number, accountId: string, seq: number, more: SealedOptions = {}): SealedFact {
  const entry = { clientId: accountId, provenance: 'polled', seq, ...more.entry } as const;
  return sealed(id, { body: `{"account":"${accountId}","seq":${seq}}`, ...more, entry });
}
