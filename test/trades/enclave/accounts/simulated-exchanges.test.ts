// The desk with the real exchanges' client and readers, at servers that answer as Binance, Bybit and Kraken do.

import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { Supervisor } from '../../../../src/actors/supervisor.ts';
import { systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers } from '../../../../src/lib/timers.ts';
import { AccountActors } from '../../../../src/trades/actors/account-actors.ts';
import type { SummaryPayload } from '../../../../src/trades/domain/summary.ts';
import { AccountDesk } from '../../../../src/trades/enclave/accounts/account-desk.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import { SealKey } from '../../../../src/trades/enclave/keys/seal-key.ts';
import { Outgoing } from '../../../../src/trades/enclave/link/outgoing.ts';
import { startExchangeSim } from '../../../../src/trades/simulator/exchange-sim.ts';
import {
  EXCHANGE_NAMES,
  type ExchangeName,
  type FillInput,
} from '../../../../src/trades/simulator/scenario.ts';
import { until } from '../../../support/until.ts';
import { FakeService, OPTIONS, registrationOf } from './desk-bench.ts';

const HOUR = 3_600_000;
const KEY = { apiKey: 'planted-key', secret: Buffer.from('planted-secret').toString('base64') };
const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
const MARKET: Readonly<Record<ExchangeName, string>> = {
  binance: 'BTCUSDT',
  bybit: 'BTCUSDT',
  kraken: 'XXBTZUSD',
};
/** The hour before the last that is over, so that all can be sealed at once. */
const FROM_MS = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

function fillsOf(exchange: ExchangeName): readonly FillInput[] {
  return Array.from({ length: 8 }, (_, index) => ({
    at: FROM_MS + index * 900_000,
    market: MARKET[exchange],
    side: index % 2 === 0 ? ('buy' as const) : ('sell' as const),
    price: index % 2 === 0 ? '50000' : '55000',
    amount: '0.01',
    ...(index % 2 === 0 ? {} : { fee: '1' }),
  }));
}

async function setUp(exchange: ExchangeName) {
  const sim = await startExchangeSim(exchange, {
    accounts: [
      { name: 'a', userId: '53888001', balances: { USDT: '10000', USD: '10000' }, fills: fillsOf(exchange) },
    ],
    keys: [{ ...KEY, account: 'a' }],
  });
  ends.push(() => sim.stop());
  const lines: string[] = [];
  const line = (text: string) => void lines.push(text);
  const log = { info: line, warn: line, error: line };
  const shared = { clock: systemClock, timers: systemTimers, log };
  const venues = new Venues({ exchangeUrls: new Map([[exchange, sim.url]]) }, shared);
  ends.push(() => venues.stop());
  const [outgoing, service] = [new Outgoing(), new FakeService()];
  service.link(outgoing);
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const { privateKey } = generateKeyPairSync('ed25519');
  const desk = new AccountDesk(
    { ...OPTIONS, summaryGraceMs: 1_000 },
    {
      ...shared,
      actors: new AccountActors(supervisor),
      venues,
      feedFor,
      keys: SealKey.temporary(),
      signer: {
        keyId: 'key',
        sign: async (text) => sign(null, Buffer.from(text), privateKey).toString('base64'),
      },
      outgoing,
      restores: { restore: service.restore, restoreAll: () => service.restoreAll() },
      random: () => 0.5,
    },
  );
  await desk.start();
  ends.push(() => desk.stop());
  return { sim, desk, service, lines };
}

it.each(EXCHANGE_NAMES)(
  'desk at simulated %s - the past is collected, sealed, and nothing is asked after the end',
  async (exchange) => {
    const { sim, desk, service, lines } = await setUp(exchange);
    const session = await desk.register(
      registrationOf(KEY.apiKey, {
        credentials: KEY,
        options: { exchange, apiIntervalMs: 1_000, retriesMax: 1, sinceMs: FROM_MS - HOUR },
      }),
      null,
    );
    if ('status' in session) throw new Error(session.reason);
    await until(
      'all fills',
      () => service.summaries.reduce((sum, { trades }) => sum + trades, 0) === 8,
      15_000,
    );
    const bodies = service.summaries.map(({ body }) => JSON.parse(body) as SummaryPayload);
    expect(
      bodies.flatMap(({ hourly_buckets }) => hourly_buckets.map(({ return_pct }) => return_pct)),
    ).toEqual([9.8, 9.8]);
    expect(desk.own(session.sessionToken)).toMatchObject({
      summary: { totalTrades: 8, totalFees: 4, totalReturnUsd: 196, totalVolume: 4200 },
      account: { state: 'online', reason: null },
    });
    expect(desk.rows()).toMatchObject([{ isLocal: true, exchange }]);
    await desk.end(session.sessionToken);
    const last = sim.counts();
    await new Promise((resolve) => void setTimeout(resolve, 1_500));
    expect(sim.counts()).toEqual(last);
    expect(lines.join()).not.toMatch(/planted|XBT|BTC/);
  },
);
