// Periods of an account's summaries: they tile, each names the digest of the summary before, and a correction takes the
// place of a summary without moving the tiling. It reads no clock; docs/trades.md#periods.

/** Empty hours wait for an hour with trades; this many of them make a summary of their own. */
const EMPTY_HOURS_MAX = 24;
const HOUR_MS = 3_600_000;

/** A span of time: half open, in ms since 1970. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** Which summary is next, and what it says of the ones before. */
export interface NextSummary extends Span {
  readonly seq: number;
  /** Digest of the summary before; null for the first. */
  readonly prev: string | null;
  /** Digest of the summary that it replaces; null if it is no correction. */
  readonly revises: string | null;
}

/** A sealed summary, as long as it can be corrected. */
interface SealedPeriod extends Span {
  readonly digest: string;
}

/** The periods of one account. Memory grows with the periods until they are forgotten. */
export class Periods {
  /** End of the last sealed period, and start of the next. */
  #startMs: number;
  #seq: number;
  #prev: string | null;
  #sealed: SealedPeriod[];

  private constructor({ startMs, seq, prev, sealed }: PeriodsState) {
    this.#startMs = startMs;
    this.#seq = seq;
    this.#prev = prev;
    this.#sealed = [...sealed];
  }

  /** An account whose first period begins here. */
  static from(startMs: number): Periods {
    return new Periods({ startMs, seq: 0, prev: null, sealed: [] });
  }

  /** Where the next period begins. */
  get startMs(): number {
    return this.#startMs;
  }

  /** `seq` of the last summary; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Start of the oldest period that can still be corrected, or of the next one if none can. */
  get oldestStartMs(): number {
    return Math.min(this.#startMs, ...this.#sealed.map(({ startMs }) => startMs));
  }

  /**
   * The summary of all from the last one to `endMs`; null if it is held back, because it is empty and fewer than 24 hours
   * wait. `isFlush`: the session ends, and what waits is sent.
   */
  next(endMs: number, trades: number, isFlush = false): NextSummary | null {
    if (endMs <= this.#startMs) return null;
    const isWaiting = trades === 0 && endMs - this.#startMs < EMPTY_HOURS_MAX * HOUR_MS;
    if (isWaiting && !isFlush) return null;
    return { startMs: this.#startMs, endMs, seq: this.#seq + 1, prev: this.#prev, revises: null };
  }

  /**
   * The correction of the period that contains the time, with the bounds of that period; null if no sealed period does,
   * or if it is forgotten.
   */
  correction(timeMs: number): NextSummary | null {
    const period = this.#sealed.find(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs);
    if (period === undefined) return null;
    const { startMs, endMs, digest } = period;
    return { startMs, endMs, seq: this.#seq + 1, prev: this.#prev, revises: digest };
  }

  /** The summary is sealed: the next one follows it, and a later correction of its period names it. */
  sealed({ startMs, endMs, seq, revises }: NextSummary, digest: string): void {
    this.#seq = seq;
    this.#prev = digest;
    if (revises === null) this.#startMs = endMs;
    this.#sealed = [
      ...this.#sealed.filter((period) => period.startMs !== startMs),
      { startMs, endMs, digest },
    ];
  }

  /** Drops periods that end before or at the time: no trade of them may come. */
  forget(beforeMs: number): void {
    this.#sealed = this.#sealed.filter(({ endMs }) => endMs > beforeMs);
  }

  /** All as plain data. */
  toState(): PeriodsState {
    return { startMs: this.#startMs, seq: this.#seq, prev: this.#prev, sealed: this.#sealed };
  }

  /** Periods from plain data: they go on as the ones before. */
  static fromState(state: PeriodsState): Periods {
    return new Periods(state);
  }
}

/** `Periods` as plain data. */
export interface PeriodsState {
  readonly startMs: number;
  readonly seq: number;
  readonly prev: string | null;
  readonly sealed: readonly (Span & { readonly digest: string })[];
}
