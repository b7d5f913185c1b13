// The open lots of one position, first in, first out. Of its market it knows only the quote.

import { Fifo } from '../../lib/fifo.ts';
import { type Exact, ZERO } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import {
  closePart,
  fromLotState,
  type Lot,
  type LotState,
  type SettledFees,
  settleLot,
  splitFees,
  toLotState,
} from './lot.ts';
import type { Side } from './trade.ts';

/** Which fills open lots: of a position in both directions, the side that holds the open lots or finds none. */
export type Opening = Side | 'both';

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

/** The open lots of one position. Memory grows with the open lots. */
export class Lots {
  /** Asset of its prices. */
  readonly quote: string;
  readonly #opening: Opening;
  readonly #lots = new Fifo<Lot>();
  #size = 0;
  /** Which side opened the lots; of no meaning while there are none. */
  #side: Side = 'buy';

  constructor(quote: string, opening: Opening) {
    this.quote = quote;
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
    const { ofPart, ofRest } = splitFees(fill.fees, fill.quantity.minus(rest), fill.quantity);
    if (this.#opening !== 'both') return { closed, settled, closingFees: ofPart, unmatched: rest };
    this.#open({ ...fill, quantity: rest, fees: ofRest });
    return { closed, settled, closingFees: ofPart, unmatched: ZERO };
  }

  #opens(side: Side): boolean {
    if (this.#opening !== 'both') return side === this.#opening;
    return this.isEmpty || side === this.#side;
  }

  #open({ side, quantity, price, fees }: Fill): void {
    this.#side = side;
    this.#lots.push({ quantity, price, fees, unsettled: null });
    this.#size++;
  }

  /** Returns the quantity for which there was no lot. */
  #close({ quantity, startMs }: Fill, closed: ClosedPart[], settled: SettledFees[]): Exact {
    let rest = quantity;
    for (let lot = this.#lots.peek(); lot !== undefined && rest.sign > 0; lot = this.#lots.peek()) {
      if (lot.unsettled !== null && lot.unsettled.startMs !== startMs) {
        const earlier = settleLot(lot);
        if (earlier !== null) settled.push(earlier);
      }
      const { price: openingPrice } = lot;
      const left = lot.quantity.minus(rest);
      if (left.sign > 0) {
        closed.push({ quantity: rest, openingPrice });
        closePart(lot, rest, startMs);
        return ZERO;
      }
      closed.push({ quantity: lot.quantity, openingPrice });
      settled.push({ startMs, fees: lot.fees });
      this.#lots.shift();
      this.#size--;
      rest = ZERO.minus(left);
    }
    return rest;
  }

  /** Takes the fees of all that was closed so far; null if all are taken. Only the oldest lot can have some. */
  settle(): SettledFees | null {
    const oldest = this.#lots.peek();
    return oldest === undefined ? null : settleLot(oldest);
  }

  /** Open lots. */
  get size(): number {
    return this.#size;
  }

  /** Forgets this many of the oldest lots. What was closed of them must be settled. */
  forgetOldest(count: number): void {
    for (let left = Math.min(count, this.#size); left > 0; left--) {
      this.#lots.shift();
      this.#size--;
    }
  }

  /** True if no lot is open. */
  get isEmpty(): boolean {
    return this.#lots.peek() === undefined;
  }

  /** Fees of the open lots. */
  openFees(): readonly PricedAmount[] {
    return [...this.#lots].flatMap(({ fees }) => fees);
  }

  /** The open lots as plain data. */
  toState(): LotsState {
    return {
      quote: this.quote,
      opening: this.#opening,
      side: this.#side,
      lots: [...this.#lots].map(toLotState),
    };
  }

  /** The open lots from plain data. Throws if a number is none. */
  static fromState({ quote, opening, side, lots }: LotsState): Lots {
    const all = new Lots(quote, opening);
    all.#side = side;
    for (const lot of lots) all.#lots.push(fromLotState(lot));
    all.#size = lots.length;
    return all;
  }
}

/** `Lots` as plain data. */
export interface LotsState {
  readonly quote: string;
  readonly opening: Opening;
  readonly side: Side;
  readonly lots: readonly LotState[];
}
