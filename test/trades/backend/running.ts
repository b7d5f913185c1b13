// A reference backend of a test on a real socket and a real file, and summaries that the check values' key signs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BackendOptions, createBackend, type KeySource } from '../../../src/trades/backend/backend.ts';
import { canonicalText, withSignature } from '../../../src/trades/domain/canonical.ts';
import type { HourlyBucket, SummaryMetadata, SummaryPayload } from '../../../src/trades/domain/summary.ts';
import { SummarySigner } from '../../../src/trades/sinks/signer.ts';
import { KID, SIGNING_KEY, X } from '../domain/check-values.ts';

const HOUR_MS = 3_600_000;
export const START_MS = Date.parse('2025-01-01T00:00:00.000Z');

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ingest-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file with the check values' public key as a JWK set. */
export function keyFile(folder: string, more: object = {}): KeySource {
  const path = join(folder, 'keys.json');
  writeFileSync(path, JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: X, ...more }] }));
  return { type: 'file', path, isOptional: false };
}

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly retryAfter: string | null;
}

export interface RunningBackend {
  readonly url: string;
  readonly said: readonly string[];
  readonly fatal: readonly Error[];
  post(body: string | Uint8Array, headers?: Record<string, string>): Promise<Reply>;
  get<T = Record<string, unknown>>(path: string): Promise<T>;
  stop(): Promise<void>;
}

export async function startBackend(given: Partial<BackendOptions> = {}): Promise<RunningBackend> {
  const folder = given.databasePath === undefined ? testFolder() : '';
  const said: string[] = [];
  const fatal: Error[] = [];
  const note = (sentence: string) => void said.push(sentence);
  const backend = createBackend(
    {
      host: '127.0.0.1',
      port: 0,
      databasePath: join(folder, 'ingest.db'),
      keys: given.keys ?? [keyFile(folder)],
      ...given,
    },
    { log: { info: note, warn: note, error: note }, fatal: (error) => void fatal.push(error) },
  );
  let stopping: Promise<void> | null = null;
  const stop = () => (stopping ??= backend.stop());
  onTestFinished(stop);
  const { url } = await backend.start();
  return {
    url,
    said,
    fatal,
    async post(body, headers = {}) {
      const response = await fetch(`${url}/api/ingest`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers,
      });
      return {
        status: response.status,
        body: (await response.json()) as Record<string, unknown>,
        retryAfter: response.headers.get('retry-after'),
      };
    },
    get: async <T>(path: string) => (await (await fetch(`${url}${path}`)).json()) as T,
    stop,
  };
}

export function hour(index: number): string {
  return new Date(START_MS + index * HOUR_MS).toISOString();
}

export function bucket(index: number, returnPct: number, more: Partial<HourlyBucket> = {}): HourlyBucket {
  return {
    t: hour(index),
    return_pct: returnPct,
    trades: 1,
    volume_base: 1,
    volume_quote: 100,
    fees_usd: 0,
    ...more,
  };
}

export type Metadata = Partial<SummaryMetadata>;

export interface Sketch {
  readonly clientId?: string;
  readonly exchange?: string;
  /** Hours since {@link START_MS}: the period's start and end. */
  readonly period: readonly [number, number];
  readonly buckets?: readonly HourlyBucket[];
  /** Null: none. */
  readonly metadata?: Metadata | null;
}

export function payloadOf({
  clientId = 'account-1',
  exchange = 'binance',
  period: [from, to],
  buckets = [],
  metadata = {},
}: Sketch): SummaryPayload {
  const sum = (of: (each: HourlyBucket) => number) => buckets.reduce((total, each) => total + of(each), 0);
  const basic = {
    schema: 1,
    key_id: KID,
    provenance: 'polled',
    return_basis: 'realized_fifo',
    scope: 'fills',
  } as const;
  return {
    client_id: clientId,
    exchange,
    connector_version: '0.2.0',
    period_start: hour(from),
    period_end: hour(to),
    hourly_buckets: buckets,
    totals: {
      trades: sum(({ trades }) => trades),
      volume_base: sum(({ volume_base }) => volume_base),
      volume_quote: sum(({ volume_quote }) => volume_quote),
      fees_usd: sum(({ fees_usd }) => fees_usd),
    },
    ...(metadata === null ? {} : { metadata: { ...basic, ...metadata } }),
  };
}

const signer = new SummarySigner(SIGNING_KEY);

/** The body of a request. */
export async function signed(sketch: Sketch): Promise<string> {
  const text = canonicalText(payloadOf(sketch), 'rfc8785');
  return withSignature(text, await signer.sign(text));
}
