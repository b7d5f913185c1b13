// The readers of fills, by way of ccxt, against local servers that answer as the exchanges do.

import { onTestFinished, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers } from '../../../../src/lib/timers.ts';
import type { ReadReport } from '../../../../src/trades/domain/exchange-calls.ts';
import type { AccountType } from '../../../../src/trades/domain/registration.ts';
import type { Trade } from '../../../../src/trades/domain/trade.ts';
import type { Venue } from '../../../../src/trades/enclave/exchanges/venue.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import { feedFor } from '../../../../src/trades/enclave/feeds/feed-for.ts';
import type { FeedState } from '../../../../src/trades/enclave/feeds/feed-state.ts';
import { type ExchangeSim, startExchangeSim } from '../../../../src/trades/simulator/exchange-sim.ts';
import type { ExchangeName, FillInput, ScenarioInput } from '../../../../src/trades/simulator/scenario.ts';
import { until } from '../../../support/until.ts';

const KEY = { apiKey: 'key-of-account-a', secret: Buffer.from('secret-of-account-a').toString('base64') };
const MINUTE = 60_000;
const T = Date.now() - 10 * MINUTE;

/** An account at a simulated exchange, which a reader reads on. */
class Account {
  readonly sim: ExchangeSim;
  readonly taken = new Map<string, Trade>();
  readonly #venue: Venue;
  readonly #accountType: AccountType;
  readonly #feed;
  #state: FeedState;
  #doneMs: number;

  constructor(sim: ExchangeSim, venue: Venue, exchange: string, accountType: AccountType, startMs: number) {
    this.sim = sim;
    this.#venue = venue;
    this.#accountType = accountType;
    this.#feed = feedFor(exchange, accountType);
    this.#state = this.#feed.initial(startMs, []);
    this.#doneMs = startMs;
  }

  async read(isThorough = false): Promise<ReadReport> {
    const fromMs = this.#doneMs - this.#feed.overlapMs;
    const { state, report, toMs } = await this.#venue.use(KEY, this.#accountType, async (calls) => {
      const span = { fromMs, toMs: calls.nowMs(), isThorough };
      const take = (trades: readonly Trade[], identity: string) => {
        for (const trade of trades) {
          this.taken.set(`${identity} ${trade.market.symbol} ${trade.id ?? ''} ${trade.side}`, trade);
        }
      };
      return { ...(await this.#feed.read(calls, this.#state, span, { take })), toMs: span.toMs };
    });
    this.#state = JSON.parse(JSON.stringify(state)) as FeedState;
    this.#doneMs = toMs;
    return report;
  }

  /** What was taken, by time: `identity symbol side amount@price fee asset`. */
  get lines(): readonly string[] {
    return [...this.taken]
      .toSorted(([, one], [, other]) => one.timestampMs - other.timestampMs)
      .map(([key, { market, side, amount, price, fees }]) => {
        const paid = fees.map((fee) => `${Number(fee.amount)} ${fee.asset}`).join(' ');
        return `${key.split(' ')[0]} ${market.symbol} ${side} ${Number(amount)}@${Number(price)} ${paid}`.trim();
      });
  }
}

async function accountAt(
  exchange: ExchangeName,
  accountType: AccountType,
  fills: readonly FillInput[],
  more: Partial<ScenarioInput> = {},
  startMs = T - MINUTE,
): Promise<Account> {
  const sim = await startExchangeSim(exchange, {
    latencyMs: 0,
    accounts: [{ name: 'a', userId: '7', balances: { USDT: '100000', USD: '100000', BNB: '5' }, fills }],
    keys: [{ ...KEY, account: 'a' }],
    ...more,
  });
  const log = { info: () => {}, warn: () => {} };
  const parts = { clock: systemClock, timers: systemTimers, log };
  const venues = new Venues({ exchangeUrls: new Map([[exchange, sim.url]]) }, parts);
  onTestFinished(async () => {
    await venues.stop();
    await sim.stop();
  });
  return new Account(sim, venues.venue(exchange, false), exchange, accountType, startMs);
}

const EXCHANGES = [
  { exchange: 'binance', market: 'BTCUSDT', symbol: 'BTC/USDT', quote: 'USDT' },
  { exchange: 'bybit', market: 'BTCUSDT', symbol: 'BTC/USDT', quote: 'USDT' },
  { exchange: 'kraken', market: 'XXBTZUSD', symbol: 'BTC/USD', quote: 'USD' },
] as const;

describe.each(EXCHANGES)('feeds at simulated $exchange', ({ exchange, market, symbol, quote }) => {
  it('seven fills, pages of two, pairs in one millisecond at their edges - each comes', async () => {
    const fills = Array.from(
      { length: 7 },
      (_, index): FillInput => ({
        at: T + Math.floor(index / 2),
        market,
        side: 'buy',
        price: String(100 + index),
        amount: '0.5',
        fee: '0.01',
        feeAsset: quote,
      }),
    );
    const account = await accountAt(exchange, 'spot', fills, { pageSizeMax: 2 });
    const report = await account.read();
    expect(report).toMatchObject({ unpolled: [], unsearched: 0, isIncomplete: false });
    expect(account.lines.toSorted()).toEqual(
      fills.map(({ price }) => `spot ${symbol} buy 0.5@${price} 0.01 ${quote}`).toSorted(),
    );
  });

  it('a fill that lists show late - comes with the first read after', async () => {
    const visibleAt = Date.now() + 1500;
    const fill: FillInput = { at: T, visibleAt, market, side: 'buy', price: '100', amount: '1' };
    const account = await accountAt(exchange, 'spot', [fill]);
    await account.read();
    expect(account.lines).toEqual([]);
    await until('the list shows it', () => Date.now() > visibleAt + 100);
    // An hour ends with a thorough read. Binance's reader looks again in markets that seemed not to be traded after five
    // minutes only.
    await account.read(true);
    expect(account.lines).toHaveLength(exchange === 'binance' ? 0 : 1);
  });
});

describe('feeds at simulated binance', () => {
  const spot = (base: string, quote = 'USDT') => ({
    id: `${base}${quote}`,
    base,
    quote,
    kind: 'spot' as const,
  });

  it('a coin bought and sold out between two reads, a fee in BNB - found through what moved', async () => {
    const soonMs = Date.now() + 1500;
    const fills: FillInput[] = [
      { at: soonMs, market: 'AAAUSDT', side: 'buy', price: '10', amount: '3', fee: '0.001', feeAsset: 'BNB' },
      {
        at: soonMs + 10,
        market: 'AAAUSDT',
        side: 'sell',
        price: '11',
        amount: '3',
        fee: '0.001',
        feeAsset: 'BNB',
      },
    ];
    const markets = [spot('AAA'), spot('BBB'), spot('BNB'), spot('BTC')];
    const account = await accountAt('binance', 'spot', fills, { markets });
    await account.read();
    await until('both fills happened', () => Date.now() > soonMs + 100);
    const report = await account.read();
    expect(account.lines).toEqual(['spot AAA/USDT buy 3@10 0.001 BNB', 'spot AAA/USDT sell 3@11 0.001 BNB']);
    expect(report).toMatchObject({ unpolled: [], unsearched: 0 });
    const before = account.sim.counts();
    await account.read();
    expect(account.sim.counts().total - before.total).toBe(1);
  });

  it('cross and isolated margin - have identities of their own', async () => {
    const fill = { at: T, market: 'BTCUSDT', side: 'buy', price: '100', amount: '1' } as const;
    const fills: FillInput[] = [
      { ...fill, kind: 'cross' },
      { ...fill, at: T + 1, kind: 'isolated' },
      { ...fill, at: T + 2, kind: 'spot' },
    ];
    const account = await accountAt('binance', 'margin', fills);
    await account.read();
    expect(account.lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'cross BTC/USDT buy',
      'isolated BTC/USDT buy',
    ]);
  });

  it('linear and inverse contracts, hedge mode and a liquidation - all come', async () => {
    const fill = { side: 'buy', price: '50000', amount: '2', fee: '0.1' } as const;
    const fills: FillInput[] = [
      { ...fill, at: T, market: 'BTCUSDT', kind: 'linear', position: 'long' },
      {
        ...fill,
        at: T + 1,
        market: 'BTCUSDT',
        kind: 'linear',
        position: 'long',
        side: 'sell',
        cause: 'liquidation',
      },
      { ...fill, at: T + 2, market: 'BTCUSDT', kind: 'linear', price: '1', amount: '1', cause: 'funding' },
      { ...fill, at: T + 3, market: 'BTCUSD_PERP', fee: '0.00001' },
    ];
    const account = await accountAt('binance', 'futures', fills);
    expect(await account.read()).toMatchObject({ unpolled: [], unsearched: 0, isIncomplete: false });
    expect(account.lines).toEqual([
      'linear BTC/USDT:USDT buy 2@50000 0.1 USDT',
      'linear BTC/USDT:USDT sell 2@50000 0.1 USDT',
      'inverse BTC/USD:BTC buy 2@50000 0.00001 BTC',
    ]);
    expect([...account.taken.values()].map(({ position }) => position)).toEqual(['long', 'long', null]);
  });

  it('fills of another account - their owner is named', async () => {
    const fill = { at: T, market: 'BTCUSDT', side: 'buy', price: '100', amount: '1', owner: '99' } as const;
    const account = await accountAt('binance', 'spot', [fill]);
    expect((await account.read()).userId).toBe('99');
  });

  it('a market renamed between buy and sell - the sell has a market of its own, and nothing comes twice', async () => {
    const atMs = Date.now() + 1500;
    const renamedFrom = { id: 'LUNAUSDT', base: 'LUNA', at: atMs };
    const markets = [{ ...spot('LUNC'), renamedFrom }, spot('BTC')];
    const fill = { market: 'LUNCUSDT', price: '10', amount: '1', fee: '0.01', feeAsset: 'USDT' } as const;
    const fills: FillInput[] = [
      { ...fill, at: T, side: 'buy' },
      { ...fill, at: atMs + 100, side: 'sell' },
    ];
    const account = await accountAt('binance', 'spot', fills, { markets });
    await account.read();
    expect(account.lines).toHaveLength(1);
    await until('the sell happened', () => Date.now() > atMs + 200);
    await account.read(true);
    expect(account.lines.length).toBeLessThanOrEqual(2);
    expect(account.lines[0]).toContain('LUNA/USDT buy');
  });
});

describe('feeds at simulated bybit', () => {
  it('trade, funding, liquidation, deleveraging and settlement - four fills, funding is none', async () => {
    const fill = { market: 'BTCUSDT', kind: 'linear', side: 'buy', price: '100', amount: '1' } as const;
    const causes = ['trade', 'funding', 'liquidation', 'adl', 'settle'] as const;
    const fills = causes.map((cause, index): FillInput => ({ ...fill, at: T + index, cause }));
    const account = await accountAt('bybit', 'futures', fills, { pageSizeMax: 2 });
    expect(await account.read()).toMatchObject({ unpolled: [], isIncomplete: false });
    expect(account.lines).toHaveLength(4);
  });

  it('two fees of one fill - both count', async () => {
    const fees = [
      { asset: 'USDT', amount: '0.03' },
      { asset: 'MNT', amount: '0.01' },
    ];
    const fill = { at: T, market: 'BTCUSDT', side: 'sell', price: '100', amount: '1', fees } as const;
    const account = await accountAt('bybit', 'spot', [fill]);
    await account.read();
    expect(account.lines).toEqual(['spot BTC/USDT sell 1@100 0.03 USDT 0.01 MNT']);
  });
});

describe('feeds at simulated kraken', () => {
  it('margin - is apart from spot, also the fill that closes', async () => {
    const fill = { market: 'XXBTZUSD', price: '100', amount: '1' } as const;
    const fills: FillInput[] = [
      { ...fill, at: T, kind: 'cross', side: 'buy' },
      { ...fill, at: T + 1000, kind: 'cross', side: 'sell' },
      { ...fill, at: T + 2000, kind: 'spot', side: 'buy' },
    ];
    for (const [accountType, lines] of [
      ['margin', ['margin BTC/USD buy 1@100', 'margin BTC/USD sell 1@100']],
      ['spot', ['spot BTC/USD buy 1@100']],
    ] as const) {
      const account = await accountAt('kraken', accountType, fills);
      await account.read();
      expect(account.lines).toEqual(lines);
    }
  });
});
