// The lines in which tickets wait for a thread, one line per address, and whose turn it is. It does not know what the
// work behind a ticket consists of.

import type { ProofOrigin } from './proof-check.ts';
import type { PlotRank } from './proof-history.ts';

/** One address waits for the outcome of one proof, for one block. Told apart by identity. */
export type Ticket = ProofOrigin;

/** A ticket in a line, with its proof. */
export interface Place<Proof> {
  readonly ticket: Ticket;
  readonly proof: Proof;
  /** Ascending with the arrivals. */
  readonly arrival: number;
}

/** How far the plot of a place is trusted. */
export type RankOf<Proof> = (place: Place<Proof>) => PlotRank;

function compare(one: Place<unknown>, other: Place<unknown>): number {
  if (one.ticket.pocTime === other.ticket.pocTime) return one.arrival - other.arrival;
  return one.ticket.pocTime < other.ticket.pocTime ? -1 : 1;
}

/** The tickets of one address; never empty while it is in use. */
export class ProofLine<Proof> {
  readonly address: string;
  /** Best first. */
  readonly #places: Place<Proof>[] = [];
  /** How far the address is: nonces made for it, from where the others were when its line began. */
  turn: number;

  constructor(address: string, turn: number) {
    this.address = address;
    this.turn = turn;
  }

  get length(): number {
    return this.#places.length;
  }

  /** The place with the smallest claimed time. Throws if the line is empty. */
  get best(): Place<Proof> {
    const [best] = this.#places;
    if (best === undefined) throw new Error('the line is empty');
    return best;
  }

  /**
   * Of the places whose proof fulfils the condition, and has the greatest rank of those, the one with the greatest claimed
   * time; null if there is none.
   */
  worst(isMeant: (proof: Proof) => boolean, rankOf: RankOf<Proof>): Place<Proof> | null {
    let worst: { readonly place: Place<Proof>; readonly rank: PlotRank } | null = null;
    for (const place of this.#places) {
      if (!isMeant(place.proof)) continue;
      const rank = rankOf(place);
      if (worst === null || rank >= worst.rank) worst = { place, rank };
    }
    return worst?.place ?? null;
  }

  /**
   * The place with the smallest rank: of proven plots the one with the smallest claimed time, of others the one that
   * arrived first, because what they claim says nothing. Throws if the line is empty.
   */
  mostTrusted(rankOf: RankOf<Proof>): Place<Proof> {
    let { best } = this;
    let least = rankOf(best);
    for (const place of this.#places) {
      const rank = rankOf(place);
      if (rank < least || (rank === least && rank > 0 && place.arrival < best.arrival)) {
        [best, least] = [place, rank];
      }
    }
    return best;
  }

  add(place: Place<Proof>): void {
    let [low, high] = [0, this.#places.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#places[middle];
      if (other !== undefined && compare(other, place) < 0) low = middle + 1;
      else high = middle;
    }
    this.#places.splice(low, 0, place);
  }

  remove(place: Place<Proof>): void {
    this.#places.splice(this.#places.indexOf(place), 1);
  }
}

/** All lines. Their owner bounds the number of tickets. */
export class ProofLines<Proof> {
  readonly #lines = new Map<string, ProofLine<Proof>>();
  readonly #places = new Map<Ticket, Place<Proof>>();
  #arrivals = 0;
  /** The turn of the line that was served last; a new line begins there, neither before nor behind the others. */
  #turn = 0;

  /** Number of tickets in all lines. */
  get size(): number {
    return this.#places.size;
  }

  add(ticket: Ticket, proof: Proof): void {
    const line = this.#lines.get(ticket.address) ?? new ProofLine(ticket.address, this.#turn);
    this.#lines.set(ticket.address, line);
    const place = { ticket, proof, arrival: this.#arrivals++ };
    this.#places.set(ticket, place);
    line.add(place);
  }

  /** Removes a ticket; one that stands in no line changes nothing. */
  remove(ticket: Ticket): void {
    const place = this.#places.get(ticket);
    const line = this.#lines.get(ticket.address);
    if (place === undefined || line === undefined) return;
    this.#places.delete(ticket);
    line.remove(place);
    if (line.length === 0) this.#lines.delete(ticket.address);
  }

  /** The place of a ticket that stands in a line. Throws if it does not. */
  placeOf(ticket: Ticket): Place<Proof> {
    const place = this.#places.get(ticket);
    if (place === undefined) throw new Error('the ticket stands in no line');
    return place;
  }

  /** The lines of addresses within and over their budget. Those over it save up no turns while they wait. */
  split(isOverBudget: (address: string) => boolean): {
    readonly within: readonly ProofLine<Proof>[];
    readonly over: readonly ProofLine<Proof>[];
  } {
    const { within = [], over = [] } = Object.groupBy(this.#lines.values(), ({ address }) =>
      isOverBudget(address) ? 'over' : 'within',
    );
    for (const line of over) line.turn = Math.max(line.turn, this.#turn);
    return { within, over };
  }

  /** Of these lines the one whose turn it is; null if all are empty. */
  first(lines: readonly ProofLine<Proof>[]): ProofLine<Proof> | null {
    let first: ProofLine<Proof> | null = null;
    for (const line of lines) {
      if (line.length > 0 && (first === null || isBefore(line, first))) first = line;
    }
    return first;
  }

  /** So many nonces are being made for this line. */
  served(line: ProofLine<Proof>, nonces: number): void {
    this.#turn = Math.max(this.#turn, line.turn);
    line.turn += nonces;
  }

  /** The line with most tickets; of equals this address's, whose line must not be empty. */
  longest(address: string): ProofLine<Proof> {
    let longest = this.#lines.get(address);
    if (longest === undefined) throw new Error('the address has no line');
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line;
    return longest;
  }
}

function isBefore(one: ProofLine<unknown>, other: ProofLine<unknown>): boolean {
  return one.turn === other.turn ? compare(one.best, other.best) < 0 : one.turn < other.turn;
}
