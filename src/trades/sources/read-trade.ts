// Reads one trade of a job's client: checks every member, and keeps amounts as the exact text that came. A
// trade that passes can always be folded: nothing is refused later. It remembers only the markets of the latest symbols.

import { isNumberLiteral } from '../../lib/lossless-json.ts';
import type { Decimal, Fee, Market, Trade } from '../domain/trade.ts';

/** Longest amount: a decimal string, or the literal of a number. */
export const DECIMAL_CHARACTERS_MAX = 40;
/** Longest symbol, in UTF-16 units. */
export const SYMBOL_CHARACTERS_MAX = 64;
/** Longest currency of a fee, in UTF-16 units. */
export const ASSET_CHARACTERS_MAX = 32;
/** Longest id of a trade, in UTF-16 units. */
export const TRADE_ID_CHARACTERS_MAX = 128;
/** Most symbols whose market is remembered; beyond it the oldest one goes. */
export const REMEMBERED_MARKETS_MAX = 1_024;

/** Earliest time of a trade: there was no coin before 2009. */
const EARLIEST_MS = Date.UTC(2009, 0, 1);
/** How far the client's clock may be ahead. */
const AHEAD_MS = 300_000;
/** An amount is 0 or within these, whatever its sign: so products and sums are finite numbers, and short. */
const LEAST_AMOUNT = 1e-40;
const GREATEST_AMOUNT = 1e40;
const DECIMAL_FORM = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const WHOLE_FORM = /^-?\d+$/;
/** Visible characters only: names of coins may have letters of any script. */
const NAME_FORM = /^[^\s\p{C}]+$/u;
/** A longer literal could have a fraction so small that a double rounds it to a whole number. */
const TIME_LITERAL_LENGTH = 17;

/** A trade of a client. */
export interface ReadTrade {
  readonly trade: Trade;
  /** What the ack repeats, as JSON: the client's id as it came, else `"<symbol>-<timestamp>"`. */
  readonly ackId: string;
}

/** A parsed trade, of which nothing is known. */
type Members = Readonly<
  Record<'symbol' | 'price' | 'size' | 'side' | 'timestamp' | 'fee' | 'fee_currency' | 'trade_id', unknown>
>;

/** Reads trades; its memory of markets serves all clients. */
export class TradeReader {
  readonly #marketOf: (symbol: string) => Market | null;
  readonly #markets = new Map<string, Market | null>();

  /** `marketOf` cuts a symbol; null refuses it. */
  constructor(marketOf: (symbol: string) => Market | null) {
    this.#marketOf = marketOf;
  }

  /**
   * Reads the `data` of a message that `JSON.parse` or `parseLossless` parsed, by the wall clock. Null if it is no trade
   * that counts.
   */
  read(data: unknown, nowMs: number): ReadTrade | null {
    if (typeof data !== 'object' || data === null) return null;
    const members = data as Members;
    const { symbol, side } = members;
    if (typeof symbol !== 'string' || (side !== 'buy' && side !== 'sell')) return null;
    const timestampMs = readTime(members.timestamp, nowMs);
    const price = readAmount(members.price);
    const amount = readAmount(members.size);
    const id = readId(members.trade_id);
    if (timestampMs === null || price === null || amount === null || id === null) return null;
    const market = this.#market(symbol);
    if (market === null) return null;
    const fees = readFees(members.fee, members.fee_currency, market);
    if (fees === null) return null;
    return {
      trade: { market, side, price, amount, timestampMs, id: id.text, fees, position: null },
      ackId: id.json ?? JSON.stringify(`${symbol}-${numberText(timestampMs)}`),
    };
  }

  #market(symbol: string): Market | null {
    const known = this.#markets.get(symbol);
    if (known !== undefined) return known;
    if (!isName(symbol, SYMBOL_CHARACTERS_MAX)) return null;
    const market = this.#marketOf(symbol);
    if (this.#markets.size >= REMEMBERED_MARKETS_MAX) {
      for (const [oldest] of this.#markets) {
        this.#markets.delete(oldest);
        break;
      }
    }
    this.#markets.set(symbol, market);
    return market;
  }
}

function isName(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax && NAME_FORM.test(text);
}

function readTime(value: unknown, nowMs: number): number | null {
  let timestampMs = value;
  if (isLiteral(value)) {
    if (value.rawJSON.length > TIME_LITERAL_LENGTH) return null;
    timestampMs = Number(value.rawJSON);
  }
  if (typeof timestampMs !== 'number' || !Number.isInteger(timestampMs)) return null;
  return timestampMs >= EARLIEST_MS && timestampMs <= nowMs + AHEAD_MS ? timestampMs : null;
}

/** An amount above 0. */
function readAmount(value: unknown): Decimal | null {
  const text = textOf(value);
  if (text === null || text.startsWith('-')) return null;
  return isZero(text) || !isWithinBounds(text) ? null : text;
}

/** The decimal text of a number, of a string or of a literal. A literal such as 1e400 is JSON, and no finite number. */
function textOf(value: unknown): Decimal | null {
  if (typeof value === 'number') return Number.isFinite(value) ? numberText(value) : null;
  const text = isLiteral(value) ? value.rawJSON : value;
  if (typeof text !== 'string' || text.length > DECIMAL_CHARACTERS_MAX) return null;
  return DECIMAL_FORM.test(text) ? text : null;
}

/**
 * The shortest text of a number, as `String` gives it. The engine caches the results of `String`: a million prices would
 * stay in the cache until they are old, and old garbage is collected late.
 */
function numberText(value: number): string {
  return JSON.stringify(value);
}

function isWithinBounds(text: Decimal): boolean {
  const size = Math.abs(Number(text));
  return size >= LEAST_AMOUNT && size <= GREATEST_AMOUNT;
}

function isZero(text: Decimal): boolean {
  // Digits of an exponent do not count.
  return !/^[^e]*[1-9]/i.test(text);
}

/** Without a fee, and for a fee of 0, there is none. */
function readFees(value: unknown, currency: unknown, market: Market): readonly Fee[] | null {
  let asset = market.quote;
  if (!isAbsent(currency) && currency !== '') {
    if (typeof currency !== 'string' || !isName(currency, ASSET_CHARACTERS_MAX)) return null;
    // As the assets of markets are.
    asset = currency.toUpperCase();
  }
  if (isAbsent(value)) return [];
  const amount = textOf(value);
  if (amount === null) return null;
  if (isZero(amount)) return [];
  return isWithinBounds(amount) ? [{ asset, amount }] : null;
}

const NO_ID = { text: null, json: null };

/** The id as text, and as JSON as it came. An empty one is none. */
function readId(value: unknown): { readonly text: string | null; readonly json: string | null } | null {
  if (isAbsent(value) || value === '') return NO_ID;
  if (typeof value === 'string') {
    if (value.length > TRADE_ID_CHARACTERS_MAX || !value.isWellFormed()) return null;
    return { text: value, json: JSON.stringify(value) };
  }
  const text = typeof value === 'number' ? numberText(value) : isLiteral(value) ? value.rawJSON : '';
  if (text.length > TRADE_ID_CHARACTERS_MAX || !WHOLE_FORM.test(text)) return null;
  return { text, json: text };
}

/** Clients write null for what they do not have. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** A number of `parseLossless`; most values are none, and the quick look spares the question. */
function isLiteral(value: unknown): value is { readonly rawJSON: string } {
  return typeof value === 'object' && value !== null && isNumberLiteral(value);
}
