// Counts what became of the deliveries of one upstream. It decides nothing.

import type { DeliveryOutcome, RefusalSubject, UpstreamMeaning } from '../domain/upstream-answer.ts';
import type { DeliveryOutcomeName, DeliveryView } from '../domain/view.ts';

/** The counters of one upstream since the start, and what waits now. */
export interface DeliverySnapshot extends DeliveryView {
  /** The upstream's name. */
  readonly upstream: string;
  /** Refused submissions, by what the refusal was about. */
  readonly refusedAbout: Readonly<Record<RefusalSubject, number>>;
  /** Submissions that were not wanted any longer before they were delivered. */
  readonly withdrawn: number;
  /** What the operator must put right, as the last answer says; null if nothing. The text is the upstream's. */
  readonly operatorMatter: { readonly code: number; readonly text: string } | null;
}

/** Mutable counters behind a {@link DeliverySnapshot}. */
export class DeliveryCounters {
  readonly #upstream: string;
  readonly #outcomes: Record<DeliveryOutcomeName, number> = {
    delivered: 0,
    refused: 0,
    expired: 0,
    replaced: 0,
  };
  readonly #refusedAbout: Record<RefusalSubject, number> = { submission: 0, block: 0, account: 0 };
  #attempts = 0;
  #failedAttempts = 0;
  #redelivered = 0;
  #mismatched = 0;
  #withdrawn = 0;
  #operatorMatter: DeliverySnapshot['operatorMatter'] = null;

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  attempted(isRedelivery: boolean): void {
    this.#attempts++;
    if (isRedelivery) this.#redelivered++;
  }

  meant(meaning: UpstreamMeaning): void {
    if (meaning.type === 'temporary' || meaning.type === 'operator') this.#failedAttempts++;
    // A temporary failure tells nothing about what the operator must put right.
    if (meaning.type === 'temporary') return;
    this.#operatorMatter = meaning.type === 'operator' ? { code: meaning.code, text: meaning.text } : null;
  }

  /** `rawQuality` is that of the submission. */
  settled(outcome: DeliveryOutcome, rawQuality: bigint): void {
    this.#outcomes[outcome.type]++;
    if (outcome.type === 'refused') this.#refusedAbout[outcome.about]++;
    if (outcome.type === 'delivered' && outcome.rawQuality !== rawQuality) this.#mismatched++;
  }

  withdrew(): void {
    this.#withdrawn++;
  }

  snapshot(now: Pick<DeliverySnapshot, 'waiting' | 'oldestAgeMs' | 'underWay'>): DeliverySnapshot {
    return {
      upstream: this.#upstream,
      outcomes: { ...this.#outcomes },
      refusedAbout: { ...this.#refusedAbout },
      attempts: this.#attempts,
      failedAttempts: this.#failedAttempts,
      redelivered: this.#redelivered,
      mismatched: this.#mismatched,
      withdrawn: this.#withdrawn,
      operatorMatter: this.#operatorMatter,
      ...now,
    };
  }
}
