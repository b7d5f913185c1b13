// Which market a symbol means. It knows no exchange: an exchange's own table of markets comes in by `accountMarket`.

import { exact } from './amount.ts';
import type { Decimal, Market } from './trade.ts';

/** Quotes at which a symbol without a separator is cut, longest first. */
const KNOWN_QUOTES = 'FDUSD USDT USDC TUSD BUSD DAI USD EUR GBP TRY BRL JPY BTC ETH BNB'.split(' ');
/** `BASE/QUOTE`, or `BASE/QUOTE:SETTLE`, where more may follow the settle asset, for example a date. */
const UNIFIED = /^([^/:]+)\/([^/:]+)(?::([^/:-]+)(?:-[^/:]*)?)?$/;
const PAIR = /^([^/:_-]+)[_-]([^/:_-]+)$/;
const SEPARATOR = /[/:_-]/;

/** Assets that count as one US dollar each. */
const USD_ASSETS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'DAI']);

/** True for USD and for the coins that count as USD. */
export function countsAsUsd(asset: string): boolean {
  return USD_ASSETS.has(asset);
}

function market(symbol: string, base: string, quote: string): Market {
  return { symbol, kind: 'spot', base, quote, settle: quote, contractSize: '1', isAssumedUsd: false };
}

/**
 * The market that a client of a job means; null if it is an inverse contract, which a job refuses. A symbol that does
 * not tell its quote counts as USD. Symbol and assets are in capitals.
 */
export function jobMarket(symbol: string): Market | null {
  const capitals = symbol.toUpperCase();
  const [, base, quote, settle] = UNIFIED.exec(capitals) ?? PAIR.exec(capitals) ?? [];
  if (base !== undefined && quote !== undefined) {
    const spot = market(capitals, base, quote);
    if (settle === undefined) return spot;
    return settle === base ? null : { ...spot, kind: 'linear', settle };
  }
  if (!SEPARATOR.test(capitals)) {
    const end = KNOWN_QUOTES.find((known) => capitals.endsWith(known) && capitals.length > known.length);
    if (end !== undefined) return market(capitals, capitals.slice(0, -end.length), end);
  }
  return { ...market(capitals, capitals, 'USD'), isAssumedUsd: true };
}

/** What an exchange's table says of a market; ccxt's unified names. */
export interface ListedMarket {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Null or absent for spot. */
  readonly settle?: string | null;
  readonly linear?: boolean | null;
  readonly inverse?: boolean | null;
  /** Null or absent for spot. */
  readonly contractSize?: Decimal | null;
}

/** The market of an exchange. Throws if the size of its contract is no decimal number above 0. */
export function accountMarket(listed: ListedMarket): Market {
  const { symbol, base, quote } = listed;
  const kind = listed.inverse === true ? 'inverse' : listed.linear === true ? 'linear' : 'spot';
  if (kind === 'spot') return market(symbol, base, quote);
  const contractSize = listed.contractSize ?? '1';
  if (exact(contractSize).sign <= 0) throw new RangeError('the size of a contract is not above 0');
  const settle = listed.settle ?? (kind === 'inverse' ? base : quote);
  return { symbol, kind, base, quote, settle, contractSize, isAssumedUsd: false };
}
