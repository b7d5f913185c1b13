// The latest trades of an account: it holds them until they are due, so that the order of delivery does not matter, and
// remembers what it has seen, so that a repeated trade counts once. Of a folded trade it keeps a keyed hash, not the id.

import { createHmac } from 'node:crypto';
import type { Trade } from './trade.ts';
import { compareTrades } from './trade-order.ts';

/** Bytes of a hash that are kept: enough that no two trades of an account ever share them. */
const HASH_BYTES = 16;

/** Bounds of a window. */
export interface WindowOptions {
  /** Secret of the hashes. */
  readonly hashKey: Uint8Array;
  /** How long a folded trade is remembered, by the times of trades; what is older than that is refused as too old. */
  readonly rememberMs: number;
  /** Most trades that wait to be folded. */
  readonly heldMax: number;
  /** Most trades that are remembered; with more, the oldest folded ones are forgotten earlier. */
  readonly rememberedMax: number;
}

/** What became of the trades of a delivery. */
export interface TakenCounts {
  readonly taken: number;
  /** Of those taken: trades from before the time up to which trades are folded. */
  readonly late: number;
  readonly repeated: number;
  /** Refused, because nothing tells any more whether they are counted already. */
  readonly tooOld: number;
}

/** The window of one account. Memory is bounded by its options. */
export class TradeWindow {
  readonly #options: WindowOptions;
  #held: Trade[] = [];
  /** Times of trades by the hash of their identity. */
  readonly #remembered = new Map<string, number>();
  #rememberedFromMs: number;
  #foldedToMs: number;

  /** Trades from before `startMs` are too old. */
  constructor(startMs: number, options: WindowOptions) {
    this.#options = options;
    this.#rememberedFromMs = startMs;
    this.#foldedToMs = startMs;
  }

  /** Trades that wait to be folded. */
  get held(): number {
    return this.#held.length;
  }

  /** Trades that are remembered. */
  get remembered(): number {
    return this.#remembered.size;
  }

  /** Trades from before this time are refused as too old, unless they are remembered. */
  get rememberedFromMs(): number {
    return this.#rememberedFromMs;
  }

  /** Trades up to here are folded, apart from late ones. */
  get foldedToMs(): number {
    return this.#foldedToMs;
  }

  /**
   * Takes what one request delivered. Returns null and takes nothing if too many trades would wait: release first. Trades
   * without id are told apart by their content, and equal ones by their number among the equal ones of the delivery. So a
   * delivery must hold all equal trades of an instant.
   */
  take(delivery: readonly Trade[], accountType: string): TakenCounts | null {
    if (this.#held.length + delivery.length > this.#options.heldMax) return null;
    const ordinals = new Map<string, number>();
    let [taken, late, repeated, tooOld] = [0, 0, 0, 0];
    for (const trade of delivery) {
      const identity = this.#identity(trade, accountType, ordinals);
      if (this.#remembered.has(identity)) repeated++;
      else if (trade.timestampMs < this.#rememberedFromMs) tooOld++;
      else {
        this.#remembered.set(identity, trade.timestampMs);
        this.#held.push(trade);
        taken++;
        if (trade.timestampMs < this.#foldedToMs) late++;
      }
    }
    return { taken, late, repeated, tooOld };
  }

  #identity(trade: Trade, accountType: string, ordinals: Map<string, number>): string {
    const { market, id, side, position } = trade;
    const known = [accountType, market.symbol, side];
    if (id !== null) return this.#hash([...known, id]);
    const fees = trade.fees.flatMap(({ asset, amount }) => [asset, amount]);
    const content = [...known, position, trade.timestampMs, trade.price, trade.amount, fees];
    const key = JSON.stringify(content);
    const ordinal = ordinals.get(key) ?? 0;
    ordinals.set(key, ordinal + 1);
    return this.#hash([...content, ordinal]);
  }

  #hash(parts: readonly unknown[]): string {
    const hash = createHmac('sha256', this.#options.hashKey).update(JSON.stringify(parts)).digest();
    return hash.toString('base64', 0, HASH_BYTES);
  }

  /** Gives out, in their order, all trades from before `toMs`, late ones included; they are folded from now on. */
  release(toMs: number): readonly Trade[] {
    this.#foldedToMs = Math.max(this.#foldedToMs, toMs);
    const due = this.#held.filter(({ timestampMs }) => timestampMs < this.#foldedToMs);
    this.#held = this.#held.filter(({ timestampMs }) => timestampMs >= this.#foldedToMs);
    this.#forget();
    return due.toSorted(compareTrades);
  }

  #forget(): void {
    const { rememberMs, rememberedMax } = this.#options;
    let fromMs = Math.max(this.#rememberedFromMs, this.#foldedToMs - rememberMs);
    if (this.#remembered.size > rememberedMax) {
      const times = [...this.#remembered.values()].toSorted((one, other) => other - one);
      // Trades that share the time of the first to be forgotten are forgotten with it.
      fromMs = Math.max(fromMs, Math.min((times[rememberedMax] ?? 0) + 1, this.#foldedToMs));
    }
    this.#rememberedFromMs = fromMs;
    for (const [identity, timeMs] of this.#remembered) {
      if (timeMs < fromMs) this.#remembered.delete(identity);
    }
  }

  /** All as plain data, for a sealed checkpoint only: it holds trades. */
  toState(): WindowState {
    return {
      held: this.#held,
      remembered: [...this.#remembered],
      rememberedFromMs: this.#rememberedFromMs,
      foldedToMs: this.#foldedToMs,
    };
  }

  /** A window from plain data: with the same key it goes on as the one before. */
  static fromState(state: WindowState, options: WindowOptions): TradeWindow {
    const window = new TradeWindow(state.rememberedFromMs, options);
    window.#held = [...state.held];
    for (const [identity, timeMs] of state.remembered) window.#remembered.set(identity, timeMs);
    window.#foldedToMs = state.foldedToMs;
    return window;
  }
}

/** `TradeWindow` as plain data. */
export interface WindowState {
  readonly held: readonly Trade[];
  readonly remembered: readonly (readonly [identity: string, timeMs: number])[];
  readonly rememberedFromMs: number;
  readonly foldedToMs: number;
}
