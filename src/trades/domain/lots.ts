// The open lots of one position, first in, first out. It knows quantities, prices and fees, and neither markets nor hours.

import { Fifo } from '../../lib/fifo.ts';
import { type Exact, ZERO } from './amount.ts';
import type { PricedAmount } from './amounts.ts';
import type { Side } from './trade.ts';

/** Which fills open lots: of a position in both directions, the side that holds the open lots or finds none. */
export type Opening = Side | 'both';

/** What was opened, and how much of it is still open. */
interface Lot {
  quantity: Exact;
  readonly price: Exact;
  /** Fees of the open rest. */
  fees: readonly PricedAmount[];
}

/** A fill as lots see it. */
export interface Fill {
  readonly side: Side;
  /** Above 0. */
  readonly quantity: Exact;
  readonly price: Exact;
  readonly fees: readonly PricedAmount[];
}

/** A part of a lot that a fill closed. */
export interface ClosedPart {
  readonly quantity: Exact;
  readonly openingPrice: Exact;
  readonly openingFees: readonly PricedAmount[];
}

/** What a fill did. */
export interface FillOutcome {
  readonly closed: readonly ClosedPart[];
  /** The fill's own fees for what it closed. */
  readonly closingFees: readonly PricedAmount[];
  /** Quantity that closed nothing and may open nothing; 0 if there is none. */
  readonly unmatched: Exact;
}

const OPENED: FillOutcome = { closed: [], closingFees: [], unmatched: ZERO };

/** Divides fees by quantity. The rest is what the part leaves, so that a division loses nothing. */
function split(fees: readonly PricedAmount[], part: Exact, whole: Exact) {
  const ofPart = fees.map((fee) => ({ ...fee, amount: fee.amount.times(part).div(whole) }));
  const ofRest = fees.map((fee, index) => ({
    ...fee,
    amount: fee.amount.minus(ofPart[index]?.amount ?? ZERO),
  }));
  return { ofPart, ofRest };
}

/** The open lots of one position. Memory grows with the open lots. */
export class Lots {
  readonly #opening: Opening;
  #lots = new Fifo<Lot>();
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
    let rest = fill.quantity;
    for (let lot = this.#lots.peek(); lot !== undefined && rest.gt(ZERO); lot = this.#lots.peek()) {
      const isWhole = lot.quantity.lte(rest);
      closed.push(isWhole ? this.#closeOldest(lot) : closePart(lot, rest));
      rest = isWhole ? rest.minus(lot.quantity) : ZERO;
    }
    if (rest.eq(ZERO)) return { closed, closingFees: fill.fees, unmatched: ZERO };
    const { ofPart, ofRest } = split(fill.fees, fill.quantity.minus(rest), fill.quantity);
    if (this.#opening !== 'both') return { closed, closingFees: ofPart, unmatched: rest };
    this.#open({ ...fill, quantity: rest, fees: ofRest });
    return { closed, closingFees: ofPart, unmatched: ZERO };
  }

  #opens(side: Side): boolean {
    if (this.#opening !== 'both') return side === this.#opening;
    return this.#lots.peek() === undefined || side === this.#side;
  }

  #open({ side, quantity, price, fees }: Fill): void {
    this.#side = side;
    this.#lots.push({ quantity, price, fees });
  }

  #closeOldest({ quantity, price, fees }: Lot): ClosedPart {
    this.#lots.shift();
    return { quantity, openingPrice: price, openingFees: fees };
  }

  /** True if no lot is open. */
  get isEmpty(): boolean {
    return this.#lots.peek() === undefined;
  }
}

function closePart(lot: Lot, quantity: Exact): ClosedPart {
  const { ofPart, ofRest } = split(lot.fees, quantity, lot.quantity);
  lot.quantity = lot.quantity.minus(quantity);
  lot.fees = ofRest;
  return { quantity, openingPrice: lot.price, openingFees: ofPart };
}
