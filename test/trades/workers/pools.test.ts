// The pools of trades with their real threads: one over a file that the writer has, one without a database.

import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RefusedReads } from '../../../src/workers/refused-reads.ts';
import type { QuestionsOf } from '../../../src/workers/questions.ts';
import { WorkerPool } from '../../../src/workers/pool.ts';
import { jobMarket } from '../../../src/trades/domain/market.ts';
import type { SealRequest } from '../../../src/trades/domain/seal-request.ts';
import { decodeTrades, TradeLog } from '../../../src/trades/domain/trade-log.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { TradeReader } from '../../../src/trades/sources/read-trade.ts';
import { poolWorkerUrl, sealWorkerUrl } from '../../../src/trades/threads/files.ts';
import { readAllBodies } from '../../../src/trades/workers/all-bodies.ts';
import type { TradesQuestions } from '../../../src/trades/workers/questions.ts';
import { sealJob } from '../../../src/trades/workers/seal-job.ts';
import type { SealQuestions } from '../../../src/trades/workers/seal-questions.ts';
import { fills, marketOf } from '../domain/fills.ts';
import { HOUR_MS, NOW_MS, sealed, sha256, temporaryPath } from '../store/facts.ts';
import { startForTest } from '../store/threaded.ts';

async function startPool<Q extends QuestionsOf<Q>>(
  workerUrl: URL,
  workerData: object,
): Promise<WorkerPool<Q>> {
  const refusedReads = new RefusedReads({ refused: () => undefined, over: () => undefined });
  const pool = new WorkerPool<Q>({ workerUrl, workerData, threads: 1, refusedReads, onRun: () => undefined });
  onTestFinished(() => pool.stop());
  await pool.start();
  return pool;
}

const SAMPLES = [
  ...fills('buy 0.5@100 f0.02; buy 0.4@101 f0.02; buy 0.3@102 f0.02'),
  ...fills('buy 0.6@103 f0.03; buy 0.7@104 f0.03').map((trade) => ({
    ...trade,
    timestampMs: trade.timestampMs + HOUR_MS,
  })),
];

function requestOf(trades: readonly Trade[], more: Partial<SealRequest> = {}): SealRequest {
  const log = new TradeLog();
  for (const trade of trades) log.append(trade);
  return {
    trades: log.release(),
    clientId: 'test-client-1',
    exchange: 'mock',
    keyId: 'kid',
    nowMs: NOW_MS,
    connectorVersion: '0.2.0',
    withMetadata: false,
    canonical: 'rfc8785',
    returnBasis: 'realized_fifo',
    ...more,
  };
}

describe('the pools', () => {
  it('pool - every question is answered from the file that the writer has open', async () => {
    const path = temporaryPath();
    const { side } = await startForTest(path);
    const pool = await startPool<TradesQuestions>(poolWorkerUrl, { databasePath: path });
    await side.journal.commit([sealed(1), sealed(2, { entry: { clientId: 'b' } })]);
    const page = await pool.ask('outbox', { state: 'waiting', beforeId: null, limit: 10 });
    expect(page.map(({ id }) => id)).toEqual([2, 1]);
    expect(await pool.ask('clients', { limit: 1 })).toMatchObject([{ clientId: 'b', summaries: 1 }]);
    const query = { fromMs: NOW_MS, toMs: NOW_MS + HOUR_MS, clientId: null };
    expect((await pool.ask('buckets', query)).points).toMatchObject([{ trades: 4, volumeQuote: 200 }]);
    expect(await readAllBodies([2, 3, 1], (ids) => pool.ask('bodies', { ids }))).toEqual([
      { id: 2, body: '{"body":2}' },
      { id: 1, body: '{"body":1}' },
    ]);
  });

  it('seal thread - the five sample trades, sealed twice from the same bytes, give one digest', async () => {
    const pool = await startPool<SealQuestions>(sealWorkerUrl, {});
    const request = requestOf(SAMPLES.toReversed());
    const summary = await pool.ask('seal', request);
    expect(await pool.ask('seal', request)).toEqual(summary);
    const t = ['2025-01-01T10:00:00.000Z', '2025-01-01T11:00:00.000Z', '2025-01-01T12:00:00.000Z'];
    expect(summary).toEqual({
      clientId: 'test-client-1',
      exchange: 'mock',
      periodStartMs: Date.parse(t[0] ?? ''),
      periodEndMs: Date.parse(t[2] ?? ''),
      buckets: [
        { t: t[0], return_pct: 0, trades: 3, volume_base: 1.2, volume_quote: 121, fees_usd: 0.06 },
        { t: t[1], return_pct: 0, trades: 2, volume_base: 1.3, volume_quote: 134.6, fees_usd: 0.06 },
      ],
      trades: 5,
      quote: null,
      canonicalText: `{"client_id":"test-client-1","connector_version":"0.2.0","exchange":"mock","hourly_buckets":[{"fees_usd":0.06,"return_pct":0,"t":"${t[0]}","trades":3,"volume_base":1.2,"volume_quote":121},{"fees_usd":0.06,"return_pct":0,"t":"${t[1]}","trades":2,"volume_base":1.3,"volume_quote":134.6}],"period_end":"${t[2]}","period_start":"${t[0]}","totals":{"fees_usd":0.12,"trades":5,"volume_base":2.5,"volume_quote":255.6}}`,
      digest: sha256(summary.canonicalText),
    });
    const moves = await pool.ask(
      'seal',
      requestOf(SAMPLES, { returnBasis: 'price_move', withMetadata: true }),
    );
    expect(moves.buckets.map(({ return_pct: percent }) => percent)).toEqual([2, 0.970874]);
    expect(JSON.parse(moves.canonicalText)).toMatchObject({
      metadata: { provenance: 'client_reported', key_id: 'kid', return_basis: 'price_move' },
    });
    const other = await pool.ask('seal', requestOf(fills('buy 1@2', { market: marketOf('ETH/BTC') })));
    expect(other.quote).toBe('BTC');
    const empty = await pool.ask('seal', requestOf([]));
    expect([empty.periodStartMs, empty.periodEndMs, empty.buckets]).toEqual([NOW_MS, NOW_MS, []]);
  });

  it('seal thread - trades that cannot be folded fail with a code, and no amount of them is told', async () => {
    const pool = await startPool<SealQuestions>(sealWorkerUrl, {});
    const request = requestOf(SAMPLES);
    const broken = { ...request, trades: { ...request.trades, markets: [] } };
    const error: unknown = await pool.ask('seal', broken).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'internal',
      cause: { message: 'a job of 5 trades cannot be sealed (TypeError)' },
    });
    expect(await pool.ask('seal', request)).toMatchObject({ trades: 5 });
  });
});

describe('sealing', () => {
  it('seal - whatever the door takes can be sealed, with both bases and both forms', () => {
    const reader = new TradeReader(jobMarket);
    const digits = fc.stringMatching(/^[1-9]\d{0,20}$/);
    const amount = fc.oneof(
      fc.constantFrom('9.99e39', '1e-40', '1e40', '0.1', '100000000000000000000000000000000000000'),
      fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
      fc.tuple(digits, fc.integer({ min: -42, max: 42 })).map(([text, power]) => `${text}e${power}`),
    );
    const fee = fc.oneof(
      amount,
      fc.tuple(digits, digits).map(([whole, part]) => `-${whole}.${part}`),
    );
    const trade = fc.record({
      symbol: fc.constantFrom('BTCUSDT', 'ETH/BTC', 'BTC/USDT:USDT', 'X', '名/USD'),
      side: fc.constantFrom('buy', 'sell'),
      price: amount,
      size: amount,
      timestamp: fc.integer({ min: NOW_MS - 3 * HOUR_MS, max: NOW_MS }),
      fee,
      fee_currency: fc.constantFrom(undefined, 'BTC', 'BNB'),
      trade_id: fc.constantFrom(undefined, '1', 2, 'x'),
    });
    let taken = 0;
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 12 }), (list) => {
        const trades = list.flatMap((data) => reader.read(data, NOW_MS)?.trade ?? []);
        taken += trades.length;
        for (const returnBasis of ['realized_fifo', 'price_move'] as const)
          for (const canonical of ['rfc8785', 'plain'] as const) {
            const request = requestOf(trades, { returnBasis, canonical, withMetadata: true });
            const summary = sealJob(request);
            expect(summary.trades).toBe([...decodeTrades(request.trades)].length);
          }
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(500);
  });
});
