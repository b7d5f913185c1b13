// Counts what the desk did. It decides nothing.

import type { SubmitAnswer } from '../domain/answer.ts';
import { type Fact, VERDICTS, type Verdict } from '../domain/facts.ts';
import { type Arrival, ARRIVALS, type DeskView } from '../domain/view.ts';
import type { AnswerKind } from './visit.ts';

/** The counters of the desk since the start, and what it has now. */
export interface DeskSnapshot extends DeskView {
  /** Answers by how they came about; `none` closed the connection. */
  readonly answers: Readonly<Record<AnswerKind, number>>;
  /** Refusals by their code. */
  readonly refusedByCode: ReadonlyMap<number, number>;
  /** Entries that were given to a delivery. */
  readonly forwarded: number;
  /** Claims whose proof did not hold. */
  readonly falseProofs: number;
}

/** Mutable counters behind a {@link DeskSnapshot}. */
export class DeskCounters {
  readonly #arrivals = Object.fromEntries(ARRIVALS.map((word) => [word, 0])) as Record<Arrival, number>;
  readonly #verdicts = Object.fromEntries(VERDICTS.map((word) => [word, 0])) as Record<Verdict, number>;
  readonly #answers: Record<AnswerKind, number> = { accepted: 0, unverified: 0, refused: 0, none: 0 };
  /** Our own codes only, so it is small. */
  readonly #refusedByCode = new Map<number, number>();
  forwarded = 0;
  falseProofs = 0;
  takenOver = 0;
  crowdedOut = 0;
  submissions = 0;
  visits = 0;

  /** These facts are told to the journal. */
  told(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (fact.type === 'submitted' || fact.type === 'judged') this.#verdicts[fact.verdict]++;
    }
  }

  arrived(arrival: Arrival): void {
    this.#arrivals[arrival]++;
  }

  answered(kind: AnswerKind, answer: SubmitAnswer): void {
    this.visits--;
    this.#answers[kind]++;
    if (answer.type !== 'refused') return;
    this.#refusedByCode.set(answer.code, (this.#refusedByCode.get(answer.code) ?? 0) + 1);
  }

  /** `now` has what others count; its `crowdedOut` comes on top of what is counted here. */
  snapshot(now: Pick<DeskSnapshot, 'entries' | 'entriesLimit' | 'crowdedOut' | 'postponed'>): DeskSnapshot {
    return {
      submissions: this.submissions,
      verdicts: { ...this.#verdicts },
      answeredUnverified: this.#answers.unverified,
      arrivals: { ...this.#arrivals },
      answers: { ...this.#answers },
      refusedByCode: new Map(this.#refusedByCode),
      forwarded: this.forwarded,
      falseProofs: this.falseProofs,
      postponed: now.postponed,
      takenOver: this.takenOver,
      crowdedOut: this.crowdedOut + now.crowdedOut,
      entries: now.entries,
      entriesLimit: now.entriesLimit,
      visits: this.visits,
    };
  }
}
