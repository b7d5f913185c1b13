// Messages and parts of the enclave's end of the link, for tests.

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { publicJwkOf, type PublicJwk } from '../../../../src/lib/ed25519.ts';
import type { AccountRow } from '../../../../src/trades/domain/account.ts';
import { withSignature } from '../../../../src/trades/domain/canonical.ts';
import type {
  Checkpoint,
  EnclaveCounters,
  EnclaveIdentity,
  EnclaveStatus,
  PolledSummary,
} from '../../../../src/trades/domain/enclave-link.ts';
import { sealSummary } from '../../../../src/trades/domain/payload.ts';

/** The begin of the first hour. */
export const HOUR_ZERO_MS = Date.UTC(2026, 0, 15, 10);
const HOUR_MS = 3_600_000;

/** A signing key of an enclave. */
export interface EnclaveKey {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicJwk;
}

export function newEnclaveKey(): EnclaveKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publicKey = publicJwkOf(privateKey);
  if (publicKey === null) throw new Error('no key');
  return { privateKey, publicKey };
}

/** An account id of this name. */
export const accountId = (name: string) => createHash('sha256').update(name).digest('hex');

/** A genuine summary of one hour; `seq` counts the hours. */
export function polledSummary(key: EnclaveKey, account: string, seq: number): PolledSummary {
  const periodStartMs = HOUR_ZERO_MS + seq * HOUR_MS;
  const bucket = {
    t: new Date(periodStartMs).toISOString(),
    return_pct: 1.5,
    trades: 2,
    volume_base: 0.2,
    volume_quote: 100,
    fees_usd: 0.5,
  };
  const summary = sealSummary(
    {
      buckets: [bucket],
      totals: { trades: 2, volume_base: 0.2, volume_quote: 100, fees_usd: 0.5 },
      notes: { return_basis: 'realized_fifo' },
    },
    {
      clientId: account,
      exchange: 'binance',
      connectorVersion: '0.2.0',
      keyId: key.publicKey.kid,
      withMetadata: true,
      canonical: 'rfc8785',
      provenance: 'polled',
      nowMs: periodStartMs,
      account: { seq, periodStartMs, periodEndMs: periodStartMs + HOUR_MS },
    },
  );
  const signature = sign(null, Buffer.from(summary.canonicalText), key.privateKey).toString('base64');
  return {
    accountId: account,
    exchange: 'binance',
    provenance: 'polled',
    seq,
    digest: summary.digest,
    periodStartMs,
    periodEndMs: periodStartMs + HOUR_MS,
    trades: 2,
    body: withSignature(summary.canonicalText, signature),
    buckets: summary.buckets,
    quote: null,
    sealedAtMs: periodStartMs + HOUR_MS,
  };
}

/** A checkpoint; its content names account and turn. */
export function checkpoint(account: string, seq: number, turn: number): Checkpoint {
  return { accountId: account, seq, turn, sealed: Buffer.from(`${account} ${turn}`).toString('base64') };
}

export const COUNTERS: EnclaveCounters = {
  polls: { new: 1, empty: 2, failed: 3 },
  requests: 4,
  requestsFailed: 5,
  rateLimitPauses: 6,
  marketDownloads: 7,
  fills: 8,
  fillsRepeated: 9,
  fillsLate: 10,
  fillsTooOld: 11,
  summaries: 12,
  corrections: 13,
  registrations: 14,
  registrationsRefused: 15,
  sessionsEnded: 16,
  pollsLate: 17,
  latenessSeconds: 0.25,
  residentBytes: 1_000_000,
  heapBytes: 500_000,
};

export const NO_ACCOUNTS: EnclaveStatus = { accounts: [], unstoredSummaries: 0, counters: COUNTERS };

/** A row of an account. */
export function accountRow(account: string, more: Partial<AccountRow> = {}): AccountRow {
  return {
    accountId: account,
    label: 'mine',
    exchange: 'binance',
    accountType: 'spot',
    isSandbox: false,
    isLocal: false,
    node: 'online',
    reason: null,
    exchangeCode: null,
    warnings: [],
    keyExpiresAtMs: null,
    lastPollAtMs: HOUR_ZERO_MS,
    nextPollAtMs: HOUR_ZERO_MS + 60_000,
    intervalMs: 60_000,
    unpolledMarkets: 0,
    readToMs: HOUR_ZERO_MS,
    seq: 0,
    sessionExpiresAtMs: HOUR_ZERO_MS + 86_400_000,
    ...more,
  };
}

/** Who an enclave is. */
export function identity(key: EnclaveKey, more: Partial<EnclaveIdentity> = {}): EnclaveIdentity {
  return {
    linkVersion: 1,
    processId: process.pid,
    version: '0.2.0',
    platform: 'none',
    sealId: 'seal-one',
    isSealKeyTemporary: false,
    configDigest: '0'.repeat(64),
    signingKey: key.publicKey,
    url: 'http://127.0.0.1:3000',
    exchangeUrls: [],
    startedAtMs: HOUR_ZERO_MS,
    ...more,
  };
}
