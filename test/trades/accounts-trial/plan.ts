// What happens on the exchanges in one run of the accounts' trial: markets, prices, accounts and their fills, all chosen
// by the seed. It knows nothing of the program.

import { createRandom, type Random } from '../../../src/lib/random.ts';

export const EXCHANGES = ['binance', 'bybit', 'kraken'] as const;
export type ExchangeOfPlan = (typeof EXCHANGES)[number];

export interface PlannedMarket {
  /** The exchange's own name. */
  readonly id: string;
  readonly base: string;
  readonly quote: string;
  readonly kind: 'spot' | 'linear';
  /** True for contracts, and for Kraken, whose list names no asset of a fee. */
  readonly hasFeesInQuote: boolean;
}

export interface PlannedFill {
  readonly id: string;
  readonly market: PlannedMarket;
  readonly side: 'buy' | 'sell';
  readonly atMs: number;
  /** When lists show it. */
  readonly visibleAtMs: number;
  readonly price: string;
  readonly amount: string;
  readonly feeAsset: string;
  readonly fee: string;
}

export interface PlannedAccount {
  readonly name: string;
  readonly exchange: ExchangeOfPlan;
  readonly accountType: 'spot' | 'futures';
  readonly userId: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly fills: readonly PlannedFill[];
}

export interface Plan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly accounts: readonly PlannedAccount[];
  /** Opening prices in USDT by asset and hour; null where the exchange has none. */
  readonly prices: ReadonlyMap<string, string | null>;
}

export const HOUR_MS = 3_600_000;
/** Fills show at most this much later than they were made: less than the grace of the trial. */
const LATE_MAX_MS = 1_200;
const PRICES = { BTC: 60_000, ETH: 3_000, BNB: 600 } as const;

export function priceKey(asset: string, hourMs: number): string {
  return `${asset} ${hourMs}`;
}

/** Markets of an exchange, with its own names. */
export function marketsOf(exchange: ExchangeOfPlan): readonly PlannedMarket[] {
  const spot = (base: string, quote: string): PlannedMarket => ({
    id: exchange === 'kraken' ? krakenName(base, quote) : `${base}${quote}`,
    base,
    quote,
    kind: 'spot',
    hasFeesInQuote: exchange === 'kraken',
  });
  const pairs = [spot('BTC', 'USDT'), spot('ETH', 'USDT'), spot('BNB', 'USDT'), spot('ETH', 'BTC')];
  if (exchange === 'kraken') return pairs.filter(({ base }) => base !== 'BNB');
  return [...pairs, { id: 'BTCUSDT', base: 'BTC', quote: 'USDT', kind: 'linear', hasFeesInQuote: true }];
}

function krakenName(base: string, quote: string): string {
  const names: Readonly<Record<string, string>> = {
    BTCUSDT: 'XBTUSDT',
    ETHUSDT: 'ETHUSDT',
    BNBUSDT: 'BNBUSDT',
    ETHBTC: 'XETHXXBT',
  };
  return names[`${base}${quote}`] ?? `${base}${quote}`;
}

export interface PlanOptions {
  readonly seed: number;
  readonly accounts: number;
  /** Hours of the past from which there are fills. */
  readonly hours: number;
  /** The present, and for how long fills go on. */
  readonly nowMs: number;
  readonly liveMs: number;
}

export function makePlan({ seed, accounts, hours, nowMs, liveMs }: PlanOptions): Plan {
  const fromMs = nowMs - hours * HOUR_MS;
  const toMs = nowMs + liveMs;
  const prices = plannedPrices(createRandom(seed, 'prices'), fromMs, toMs);
  return {
    fromMs,
    toMs,
    prices,
    accounts: Array.from({ length: accounts }, (_, index) =>
      plannedAccount(index, createRandom(seed, `account ${index}`), { fromMs, nowMs, toMs }),
    ),
  };
}

/** One hour in twelve has no price of BNB. */
function plannedPrices(random: Random, fromMs: number, toMs: number): Map<string, string | null> {
  const prices = new Map<string, string | null>();
  for (let hourMs = fromMs - (fromMs % HOUR_MS); hourMs <= toMs; hourMs += HOUR_MS)
    for (const [asset, usual] of Object.entries(PRICES)) {
      const isMissing = asset === 'BNB' && random.below(12) === 0;
      prices.set(
        priceKey(asset, hourMs),
        isMissing ? null : `${usual + random.below(500)}.${random.below(10)}`,
      );
    }
  return prices;
}

interface Times {
  readonly fromMs: number;
  readonly nowMs: number;
  readonly toMs: number;
}

function plannedAccount(index: number, random: Random, times: Times): PlannedAccount {
  const exchange = EXCHANGES[index % EXCHANGES.length] ?? 'binance';
  const isFutures = exchange !== 'kraken' && index % 4 === 3;
  const markets = marketsOf(exchange).filter(({ kind }) => (kind === 'linear') === isFutures);
  const own = isFutures ? markets : [random.pick(markets), random.pick(markets)];
  return {
    name: `account-${index}`,
    exchange,
    accountType: isFutures ? 'futures' : 'spot',
    userId: String(70_000 + index),
    apiKey: `key-${index}-${random.below(1e9)}-PLANTED`,
    // Base64, because the secrets of Kraken are.
    secret: Buffer.from(`secret-${index}-${random.below(1e9)}-PLANTED`).toString('base64'),
    fills: plannedFills(index, own, random, times),
  };
}

function plannedFills(
  account: number,
  markets: readonly PlannedMarket[],
  random: Random,
  { fromMs, nowMs, toMs }: Times,
): readonly PlannedFill[] {
  const past = 10 + random.below(30);
  const live = 2 + random.below(6);
  const timesMs = [
    ...Array.from({ length: past }, () => fromMs + 60_000 + random.below(nowMs - fromMs - 120_000)),
    ...Array.from({ length: live }, () => nowMs + random.below(Math.max(1, toMs - nowMs - 2_000))),
  ].toSorted((one, other) => one - other);
  // Some fills share their millisecond with the one before.
  const equal = timesMs.map((timeMs, at) => (random.below(4) === 0 ? (timesMs[at - 1] ?? timeMs) : timeMs));
  return equal
    .toSorted((one, other) => one - other)
    .map((atMs, at) =>
      plannedFill(`${(account + 1) * 1_000_000 + at}`, atMs, random.pick(markets), random, nowMs),
    );
}

function plannedFill(
  id: string,
  atMs: number,
  market: PlannedMarket,
  random: Random,
  nowMs: number,
): PlannedFill {
  const side = random.below(5) < 3 ? 'buy' : 'sell';
  const usual = market.quote === 'BTC' ? '0.05' : String(PRICES[market.base as keyof typeof PRICES] ?? 1);
  const feeAsset = random.pick(
    market.hasFeesInQuote
      ? [market.quote]
      : ['BNB', market.quote, side === 'buy' ? market.base : market.quote],
  );
  return {
    id,
    market,
    side,
    atMs,
    visibleAtMs: atMs < nowMs ? atMs : atMs + random.below(LATE_MAX_MS),
    price: market.quote === 'BTC' ? `${usual}${random.below(1_000)}` : `${usual}.${1 + random.below(99)}`,
    amount: `0.${1 + random.below(9)}${random.below(1_000)}`,
    feeAsset,
    fee: `0.000${1 + random.below(99)}`,
  };
}
