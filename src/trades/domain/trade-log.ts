// The trades of a job until they are folded: each a dozen bytes in memory, and a keyed hash of its id. Nothing of it is
// ever written to a file. It orders nothing and computes nothing.

import { hash, randomBytes } from 'node:crypto';
import { ByteReader, ByteWriter, foldSign, type OwnBytes, unfoldSign } from './byte-log.ts';
import { decimalBytesLimit, DecimalColumn } from './compact-decimal.ts';
import { IdColumn, idBytesLimit } from './compact-id.ts';
import { HashSet64 } from './hash-set.ts';
import type { Fee, Market, Trade } from './trade.ts';

/** Trades as plain data, in the order in which they came. */
export interface EncodedTrades {
  readonly trades: number;
  readonly blocks: readonly OwnBytes[];
  /** Markets, and assets of quotes and fees, which the bytes name by their place. */
  readonly markets: readonly Market[];
  readonly assets: readonly string[];
}

/**
 * Most assets of one job, quotes and currencies of fees together: each can become a member of its summary's
 * `unconverted`. An exchange has some thousands.
 */
export const JOB_ASSETS_MAX = 4_096;

// The first byte of a record.
const SELL = 1;
const SAME_MARKET = 2;
const HAS_ID = 4;
const ONE_FEE = 8;
const OTHER_FEES = 16;
const LONG = 32;
const SHORT = 64;

/** What the engine keeps for a market or an asset beside two bytes a character, roughly. */
const MARKET_OVERHEAD_BYTES = 800;
const ASSET_OVERHEAD_BYTES = 120;
const RECORD_BYTES = 40;

/**
 * Keeps trades. Texts must be well formed, decimals finite, and times whole milliseconds. `1.50` may come back as
 * `1.5`.
 */
export class TradeLog {
  readonly #key = randomBytes(16).toString('hex');
  #writer = new ByteWriter();
  #ids = new HashSet64();
  #markets = new Dictionary<Market>(textOfMarket);
  #assets = new Dictionary<string>((asset) => asset);
  #columns = new Columns();
  #trades = 0;

  /** Number of trades that it holds. */
  get trades(): number {
    return this.#trades;
  }

  /** Memory that it takes, in bytes. */
  get bytes(): number {
    return (
      this.#writer.bytes +
      this.#ids.bytes +
      this.#columns.bytes +
      2 * (this.#markets.characters + this.#assets.characters) +
      MARKET_OVERHEAD_BYTES * this.#markets.size +
      ASSET_OVERHEAD_BYTES * this.#assets.size
    );
  }

  /**
   * Takes a trade, or finds it `repeated`: its id is known for its market and side. The first one counts. Trades without
   * an id are never repeated. A trade that brings an asset beyond {@link JOB_ASSETS_MAX} is one of `too_many`.
   */
  append(trade: Trade): 'taken' | 'repeated' | 'too_many' {
    if (!this.#hasRoomForAssets(trade)) return this.knows(trade) ? 'repeated' : 'too_many';
    const market = this.#markets.indexOf(trade.market);
    if (trade.id !== null && !this.#addId(market, trade.side, trade.id)) return 'repeated';
    this.#assets.indexOf(trade.market.quote);
    this.#write(trade, market);
    this.#trades += 1;
    return 'taken';
  }

  /** True if a trade would be `repeated`. Nothing is taken. */
  knows({ market, side, id }: Trade): boolean {
    if (id === null) return false;
    const place = this.#markets.placeOf(market);
    if (place === undefined) return false;
    const [high, low] = this.#hashOf(place, side, id);
    return this.#ids.has(high, low);
  }

  /** Hands out the trades, and is empty and new from then on: it also forgets the ids. */
  release(): EncodedTrades {
    const encoded = {
      trades: this.#trades,
      blocks: this.#writer.take(),
      markets: this.#markets.values,
      assets: this.#assets.values,
    };
    this.#ids = new HashSet64();
    this.#markets = new Dictionary<Market>(textOfMarket);
    this.#assets = new Dictionary<string>((asset) => asset);
    this.#columns = new Columns();
    this.#trades = 0;
    return encoded;
  }

  #hasRoomForAssets({ market, fees }: Trade): boolean {
    const room = JOB_ASSETS_MAX - this.#assets.size;
    if (room > fees.length) return true;
    const assets = new Set([market.quote, ...fees.map(({ asset }) => asset)]);
    return [...assets].filter((asset) => this.#assets.placeOf(asset) === undefined).length <= room;
  }

  #addId(market: number, side: Trade['side'], id: string): boolean {
    const [high, low] = this.#hashOf(market, side, id);
    return this.#ids.add(high, low);
  }

  /** The digest never leaves the set, so a secret prefix is enough of a key. */
  #hashOf(market: number, side: Trade['side'], id: string): readonly [number, number] {
    const digest = hash('sha256', `${this.#key}${market}${side}:${id}`, 'binary');
    return [bitsAt(digest, 0), bitsAt(digest, 4)];
  }

  #write(trade: Trade, market: number): void {
    const writer = this.#writer;
    const columns = this.#columns;
    const { id, fees } = trade;
    const [fee] = fees;
    const asset = fee === undefined ? 0 : this.#assets.indexOf(fee.asset);
    const isOneFee = fees.length === 1 && asset === columns.asset;
    writer.begin(recordBytesLimit(trade));
    writer.byte(
      (trade.side === 'sell' ? SELL : 0) |
        (market === columns.market ? SAME_MARKET : 0) |
        (id === null ? 0 : HAS_ID) |
        (isOneFee ? ONE_FEE : fees.length > 0 ? OTHER_FEES : 0) |
        (trade.position === null ? 0 : trade.position === 'long' ? LONG : SHORT),
    );
    if (market !== columns.market) writer.whole(market);
    writer.whole(foldSign(trade.timestampMs - columns.timestampMs));
    const { price, amount, ids, fee: feeAmount } = columns.enter(market, trade.timestampMs);
    price.write(writer, trade.price);
    amount.write(writer, trade.amount);
    if (id !== null) ids.write(writer, id);
    if (isOneFee && fee !== undefined) {
      feeAmount.write(writer, fee.amount);
    } else if (fees.length > 0) {
      writer.whole(fees.length);
      for (const one of fees) {
        columns.asset = this.#assets.indexOf(one.asset);
        writer.whole(columns.asset);
        feeAmount.write(writer, one.amount);
      }
    }
  }
}

/** 32 bits of a digest as text, which is cheaper to make than a buffer. */
function bitsAt(digest: string, at: number): number {
  const low = digest.charCodeAt(at) | (digest.charCodeAt(at + 1) << 8) | (digest.charCodeAt(at + 2) << 16);
  return low + digest.charCodeAt(at + 3) * 0x100_0000;
}

/** The trades, in the order in which they came, at each iteration anew. Trades of one market share its object. */
export function decodeTrades(encoded: EncodedTrades): Iterable<Trade> {
  return { [Symbol.iterator]: () => decode(encoded) };
}

function* decode(encoded: EncodedTrades): Generator<Trade> {
  const reader = new ByteReader(encoded.blocks);
  const columns = new Columns();
  while (reader.begin()) {
    const head = reader.byte();
    const index = (head & SAME_MARKET) === 0 ? reader.whole() : columns.market;
    const timestampMs = columns.timestampMs + unfoldSign(reader.whole());
    const { price, amount, ids, fee } = columns.enter(index, timestampMs);
    yield {
      market: encoded.markets[index] as Market,
      side: (head & SELL) === 0 ? 'buy' : 'sell',
      price: price.read(reader),
      amount: amount.read(reader),
      timestampMs,
      id: (head & HAS_ID) === 0 ? null : ids.read(reader),
      fees: readFees(head, reader, columns, fee, encoded.assets),
      position: (head & LONG) !== 0 ? 'long' : (head & SHORT) === 0 ? null : 'short',
    };
  }
}

function readFees(
  head: number,
  reader: ByteReader,
  columns: Columns,
  column: DecimalColumn,
  assets: readonly string[],
): readonly Fee[] {
  if ((head & ONE_FEE) !== 0) {
    return [{ asset: assets[columns.asset] as string, amount: column.read(reader) }];
  }
  if ((head & OTHER_FEES) === 0) return [];
  return Array.from({ length: reader.whole() }, () => {
    columns.asset = reader.whole();
    return { asset: assets[columns.asset] as string, amount: column.read(reader) };
  });
}

function recordBytesLimit({ id, price, amount, fees }: Trade): number {
  let bytes = RECORD_BYTES + decimalBytesLimit(price) + decimalBytesLimit(amount);
  if (id !== null) bytes += idBytesLimit(id);
  for (const fee of fees) bytes += 8 + decimalBytesLimit(fee.amount);
  return bytes;
}

interface MarketColumns {
  readonly price: DecimalColumn;
  readonly amount: DecimalColumn;
  readonly ids: IdColumn;
  readonly fee: DecimalColumn;
}

const MARKET_COLUMNS_BYTES = 280;

/** What a record is written relative to: the record before it, or the last one of the same market. */
class Columns {
  readonly #ofMarkets: MarketColumns[] = [];
  market = -1;
  asset = 0;
  timestampMs = 0;

  get bytes(): number {
    return this.#ofMarkets.length * MARKET_COLUMNS_BYTES;
  }

  /** Goes on to a record of this market; markets come first in the order of their places. */
  enter(market: number, timestampMs: number): MarketColumns {
    this.market = market;
    this.timestampMs = timestampMs;
    return (this.#ofMarkets[market] ??= {
      price: new DecimalColumn(true),
      amount: new DecimalColumn(false),
      ids: new IdColumn(),
      fee: new DecimalColumn(false),
    });
  }
}

/** Gives each value a place. Values with equal texts are one. */
class Dictionary<Value> {
  readonly values: Value[] = [];
  readonly #places = new Map<string, number>();
  readonly #textOf: (value: Value) => string;
  #last: Value | null = null;
  #lastPlace = 0;
  characters = 0;

  constructor(textOf: (value: Value) => string) {
    this.#textOf = textOf;
  }

  get size(): number {
    return this.values.length;
  }

  /** The place of a value; undefined if it has none. */
  placeOf(value: Value): number | undefined {
    return this.#places.get(this.#textOf(value));
  }

  /** The place of a value, which it gets now if it has none. */
  indexOf(value: Value): number {
    if (value === this.#last) return this.#lastPlace;
    const text = this.#textOf(value);
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.values.length;
      this.values.push(value);
      this.#places.set(text, place);
      this.characters += text.length;
    }
    this.#last = value;
    this.#lastPlace = place;
    return place;
  }
}

function textOfMarket(market: Market): string {
  const { symbol, kind, base, quote, settle, contractSize, isAssumedUsd } = market;
  return [symbol, kind, base, quote, settle, contractSize, isAssumedUsd].join('\n');
}
