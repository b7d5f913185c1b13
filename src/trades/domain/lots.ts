// The open lots of one position, first in, first out. It knows quantities, prices, fees and hours, and no market.

import { Fifo } from '../../lib/fifo.ts';
import { exact, type Exact, ZERO } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import type { Decimal, Side } from './trade.ts';

/** Which fills open lots: of a position in both directions, the side that holds the open lots or finds none. */
export type Opening = Side | 'both';

/** What was opened, and how much of it is still open. */
interface Lot {
  quantity: Exact;
  readonly price: Exact;
  /** Fees of the open rest, and of what was closed of it and is not settled. */
  fees: readonly PricedAmount[];
  /** What one hour closed of it without its fees yet; null if nothing. */
  unsettled: { readonly startMs: number; quantity: Exact } | null;
}

/** A fill as lots see it. */
export interface Fill {
  readonly side: Side;
  /** Above 0. */
  readonly quantity: Exact;
  readonly price: Exact;
  readonly fees: readonly PricedAmount[];
  /** Start of the hour, or of the part of it, whose result it is. */
  readonly startMs: number;
}

/** A part of a lot that a fill closed. */
export interface ClosedPart {
  readonly quantity: Exact;
  readonly openingPrice: Exact;
}

/** Fees of opening whose lots were closed in an hour. */
export interface SettledFees {
  readonly startMs: number;
  readonly fees: readonly PricedAmount[];
}

/** What a fill did. */
export interface FillOutcome {
  readonly closed: readonly ClosedPart[];
  readonly settled: readonly SettledFees[];
  /** The fill's own fees for what it closed. */
  readonly closingFees: readonly PricedAmount[];
  /** Quantity that closed nothing and may open nothing; 0 if there is none. */
  readonly unmatched: Exact;
}

const OPENED: FillOutcome = { closed: [], settled: [], closingFees: [], unmatched: ZERO };

/** Divides fees by quantity. The rest is what the part leaves, so that a division loses nothing. */
function split(fees: readonly PricedAmount[], part: Exact, whole: Exact) {
  const ofPart = fees.map((fee) => ({ ...fee, amount: fee.amount.times(part).div(whole) }));
  const ofRest = fees.map((fee, index) => ({
    ...fee,
    amount: fee.amount.minus(ofPart[index]?.amount ?? ZERO),
  }));
  return { ofPart, ofRest };
}

/**
 * Takes the fees of what one hour closed of the lot. They are divided once an hour and not once a fill: divisions are
 * what folding takes longest for, and a lot that one hour closes whole needs none.
 */
function settle(lot: Lot): SettledFees | null {
  const { unsettled, fees } = lot;
  if (unsettled === null) return null;
  const { ofPart, ofRest } = split(fees, unsettled.quantity, lot.quantity.plus(unsettled.quantity));
  lot.fees = ofRest;
  lot.unsettled = null;
  return { startMs: unsettled.startMs, fees: ofPart };
}

/** The open lots of one position. Memory grows with the open lots. */
export class Lots {
  readonly #opening: Opening;
  readonly #lots = new Fifo<Lot>();
  /** Which side opened the lots; of no meaning while there are none. */
  #side: Side = 'buy';

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  /** Opens a lot, or closes the oldest ones; in both directions the rest of a closing fill opens a lot. */
  fold(fill: Fill): FillOutcome {
    if (this.#opens(fill.side)) {
      this.#open(fill);
      return OPENED;
    }
    const closed: ClosedPart[] = [];
    const settled: SettledFees[] = [];
    const rest = this.#close(fill, closed, settled);
    if (rest.sign === 0) return { closed, settled, closingFees: fill.fees, unmatched: ZERO };
    const { ofPart, ofRest } = split(fill.fees, fill.quantity.minus(rest), fill.quantity);
    if (this.#opening !== 'both') return { closed, settled, closingFees: ofPart, unmatched: rest };
    this.#open({ ...fill, quantity: rest, fees: ofRest });
    return { closed, settled, closingFees: ofPart, unmatched: ZERO };
  }

  #opens(side: Side): boolean {
    if (this.#opening !== 'both') return side === this.#opening;
    return this.#lots.peek() === undefined || side === this.#side;
  }

  #open({ side, quantity, price, fees }: Fill): void {
    this.#side = side;
    this.#lots.push({ quantity, price, fees, unsettled: null });
  }

  /** Returns the quantity for which there was no lot. */
  #close({ quantity, startMs }: Fill, closed: ClosedPart[], settled: SettledFees[]): Exact {
    let rest = quantity;
    for (let lot = this.#lots.peek(); lot !== undefined && rest.sign > 0; lot = this.#lots.peek()) {
      if (lot.unsettled !== null && lot.unsettled.startMs !== startMs) pushSettled(settled, settle(lot));
      const left = lot.quantity.minus(rest);
      if (left.sign > 0) {
        closed.push({ quantity: rest, openingPrice: lot.price });
        lot.quantity = left;
        lot.unsettled ??= { startMs, quantity: ZERO };
        lot.unsettled.quantity = lot.unsettled.quantity.plus(rest);
        return ZERO;
      }
      closed.push({ quantity: lot.quantity, openingPrice: lot.price });
      settled.push({ startMs, fees: lot.fees });
      this.#lots.shift();
      rest = ZERO.minus(left);
    }
    return rest;
  }

  /** Takes the fees of all that was closed so far; null if all are taken. */
  settle(): SettledFees | null {
    const oldest = this.#lots.peek();
    return oldest === undefined ? null : settle(oldest);
  }

  /** True if no lot is open. */
  get isEmpty(): boolean {
    return this.#lots.peek() === undefined;
  }

  /** Assets and hours of the fees of open lots. */
  pricedFees(): readonly PricedAmount[] {
    return [...this.#lots].flatMap(({ fees }) => fees);
  }

  /** The open lots as plain data. */
  toState(): LotsState {
    const lots = [...this.#lots].map(({ quantity, price, fees, unsettled }) => ({
      quantity: quantity.toText(),
      price: price.toText(),
      fees: fees.map((fee) => ({ ...fee, amount: fee.amount.toText() })),
      unsettled: unsettled && { ...unsettled, quantity: unsettled.quantity.toText() },
    }));
    return { opening: this.#opening, side: this.#side, lots };
  }

  /** The open lots from plain data. Throws if a number is none. */
  static fromState({ opening, side, lots }: LotsState): Lots {
    const all = new Lots(opening);
    all.#side = side;
    for (const { quantity, price, fees, unsettled } of lots) {
      all.#lots.push({
        quantity: exact(quantity),
        price: exact(price),
        fees: fees.map((fee) => ({ ...fee, amount: exact(fee.amount) })),
        unsettled: unsettled && { ...unsettled, quantity: exact(unsettled.quantity) },
      });
    }
    return all;
  }
}

/** `Lots` as plain data. */
export interface LotsState {
  readonly opening: Opening;
  readonly side: Side;
  readonly lots: readonly {
    readonly quantity: Decimal;
    readonly price: Decimal;
    readonly fees: readonly { readonly asset: string; readonly hourMs: number; readonly amount: Decimal }[];
    readonly unsettled: { readonly startMs: number; readonly quantity: Decimal } | null;
  }[];
}

function pushSettled(all: SettledFees[], settled: SettledFees | null): void {
  if (settled !== null) all.push(settled);
}
