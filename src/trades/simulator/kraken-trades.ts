// Kraken's history of trades: which of them a request means, and in what pages.
// Source: docs.kraken.com Get Trades History (krakenfx/api-specs, spot-rest/schemas/requests/user/trades/history.yaml and
// objects/user/trades/trade.yaml), unless a line says otherwise.

import type { AccountState } from './exchange-state.ts';
import { KRAKEN_ERRORS, krakenParameters, krakenRefusal, krakenResult } from './kraken-answer.ts';
import { type KrakenTrade, krakenTrades, tradeRow } from './kraken-trade-row.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

/** "50 results are returned at a time, the most recent by default". */
export const KRAKEN_PAGE = 50;

const TYPES = {
  all: () => true,
  'any position': ({ margin }: KrakenTrade) => margin !== null,
  'closed position': ({ margin }: KrakenTrade) => margin?.isPositionClosed === true,
  'closing position': ({ margin }: KrakenTrade) => margin?.isClosing === true,
  'no position': ({ margin }: KrakenTrade) => margin === null,
} satisfies Readonly<Record<string, (trade: KrakenTrade) => boolean>>;

/** Answers `POST /0/private/TradesHistory`. `consolidate_taker` changes nothing here: no two fills of a scenario are one. */
export function tradesHistory(parts: SimParts, account: AccountState, request: SimRequest): SimAnswer {
  const { nowMs } = request;
  const parameters = krakenParameters(request);
  const refused = (name: string) => krakenRefusal(request, `${KRAKEN_ERRORS.arguments}:${name}`);
  const type = parameters.get('type') ?? 'all';
  if (!Object.hasOwn(TYPES, type)) return refused('type');
  const ofs = parameters.get('ofs') ?? '0';
  if (!/^\d{1,9}$/.test(ofs)) return refused('ofs');
  const trades = krakenTrades(account, nowMs);
  // "Starting unix timestamp or trade tx ID of results (exclusive)", "Ending unix timestamp or trade tx ID (inclusive)".
  const start = countThrough(trades, parameters.get('start'));
  const end = countThrough(trades, parameters.get('end'));
  if (start === null) return refused('start');
  if (end === null) return refused('end');
  const found = trades
    .slice(start ?? 0, end ?? trades.length)
    .filter(({ fill }) => fill.visibleAtMs <= nowMs)
    .filter(TYPES[type as keyof typeof TYPES])
    .toReversed();
  const page = found.slice(Number(ofs), Number(ofs) + parts.pageSize(KRAKEN_PAGE));
  const isWithClosing = parameters.get('trades') === 'true';
  // "Amount of available trades matching criteria".
  return krakenResult({
    trades: Object.fromEntries(page.map((trade) => [trade.fill.id, tradeRow(trade, nowMs, isWithClosing)])),
    count: found.length,
  });
}

/**
 * The number of trades, in the order of time, up to and with a bound: `start` leaves them out, `end` takes them in. Undefined
 * without a bound, null if it is neither a time nor an id. Times are whole seconds; what is behind a point is cut off
 * (unverified).
 */
function countThrough(trades: readonly KrakenTrade[], bound: string | undefined): number | null | undefined {
  if (bound === undefined || bound === '') return undefined;
  const seconds = /^(\d{1,12})(?:\.\d*)?$/.exec(bound)?.[1];
  if (seconds === undefined) {
    const index = trades.findIndex(({ fill }) => fill.id === bound);
    return index === -1 ? null : index + 1;
  }
  const index = trades.findIndex(({ fill }) => fill.atMs > Number(seconds) * 1_000);
  return index === -1 ? trades.length : index;
}
