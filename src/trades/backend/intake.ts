// Takes the bodies of requests: has each verified and stored by the thread, reads the keys again if one is not known, and
// counts what became of each. It knows no HTTP.

import type { Clock } from '../../lib/clock.ts';
import { Histogram, type HistogramSnapshot } from '../../lib/histogram.ts';
import type { RefreshOutcome } from './key-ring.ts';
import { type IngestOutcome, REFUSAL_CODES } from './messages.ts';

/**
 * What became of a request. `busy`: too many wait. `keys_unavailable`: its key is not known, and the list of keys cannot
 * be read now. Both are to be sent again.
 */
export type IntakeOutcome = IngestOutcome | { readonly type: 'busy' } | { readonly type: 'keys_unavailable' };

/** Outcomes, as they are counted. */
export const INTAKE_OUTCOMES = [
  'stored',
  'repeated',
  ...REFUSAL_CODES,
  'unavailable',
  'busy',
  'keys_unavailable',
  'body_too_large',
] as const;
/** One of {@link INTAKE_OUTCOMES}. */
export type CountedOutcome = (typeof INTAKE_OUTCOMES)[number];

/** Upper bounds of the histogram of {@link Intake}, in seconds. */
export const INTAKE_BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What an {@link Intake} needs. */
export interface IntakeParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Null: too many requests wait. */
  ingest(body: Uint8Array, expectedDigest: string | null): Promise<IngestOutcome | null>;
  /** Grows with every change of the keys. */
  keysVersion(): number;
  refreshKeys(): Promise<RefreshOutcome>;
}

/** Takes bodies. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #counts = new Map<CountedOutcome, number>();
  readonly #seconds = new Histogram(INTAKE_BOUNDS_SECONDS);

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** What became of all requests since the start. */
  get counts(): Readonly<Record<CountedOutcome, number>> {
    const counts = INTAKE_OUTCOMES.map((outcome) => [outcome, this.#counts.get(outcome) ?? 0] as const);
    return Object.fromEntries(counts) as Record<CountedOutcome, number>;
  }

  /** How long requests took, from the last byte of the body. */
  get seconds(): HistogramSnapshot {
    return this.#seconds.snapshot();
  }

  /** Counts a request whose body was not read: there was no room for it, or it is longer than a body may be. */
  refusedUnread(outcome: 'busy' | 'body_too_large'): void {
    this.#count(outcome);
  }

  /** Takes a body; `expectedDigest` is its idempotency key, or null. Rejects only if the database is being closed. */
  async take(body: Uint8Array, expectedDigest: string | null): Promise<IntakeOutcome> {
    const startedMs = this.#parts.clock.monotonicMs();
    const outcome = await this.#take(body, expectedDigest);
    this.#seconds.observe((this.#parts.clock.monotonicMs() - startedMs) / 1000);
    this.#count(outcome.type === 'refused' ? outcome.code : outcome.type);
    return outcome;
  }

  async #take(body: Uint8Array, expectedDigest: string | null): Promise<IntakeOutcome> {
    const { keysVersion, refreshKeys } = this.#parts;
    const version = keysVersion();
    const outcome = await this.#ingest(body, expectedDigest);
    if (outcome.type !== 'refused' || outcome.code !== 'unknown_key') return outcome;
    // Another summary may have made the backend read the keys meanwhile.
    const refreshed = keysVersion() === version ? await refreshKeys() : 'changed';
    if (keysVersion() !== version) return this.#ingest(body, expectedDigest);
    // A 401 would make the sender give the summary up for good.
    return refreshed === 'failed' ? { type: 'keys_unavailable' } : outcome;
  }

  async #ingest(body: Uint8Array, expectedDigest: string | null): Promise<IntakeOutcome> {
    return (await this.#parts.ingest(body, expectedDigest)) ?? { type: 'busy' };
  }

  #count(outcome: CountedOutcome): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }
}
