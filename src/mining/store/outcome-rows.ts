// Counts of outcomes by pair and hour, and samples of the capacity: what charts show over a longer time than the
// statistics in memory have.

import { type Verdict, VERDICTS } from '../domain/facts.ts';
import type { Outcomes } from '../domain/statistics.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { HOLDS, type OutcomeChange, REFUSED_BY_UPSTREAM } from './changes.ts';

/** An hour, in ms. */
export const HOUR_MS = 3_600_000;
/** Time between two samples of the capacity, in ms. */
export const SAMPLE_MS = 300_000;

/** The capacity of all machines at a moment. */
export interface CapacitySample {
  readonly atMs: number;
  readonly capacityTib: number;
  /** Active ones. */
  readonly machines: number;
  readonly accounts: number;
  /** Null before the first information. */
  readonly baseTarget: bigint | null;
}

const BY_VERDICT: Readonly<Partial<Record<Verdict, readonly (keyof Outcomes)[]>>> = {
  accepted: ['forwarded', 'accepted'],
  mismatch: ['forwarded', 'accepted'],
  false: ['failedProofs'],
};
const MEMBERS = VERDICTS.map((verdict) => BY_VERDICT[verdict] ?? []);

/** The members of {@link Outcomes} that count an outcome. */
export function membersOf(outcome: number): readonly (keyof Outcomes)[] {
  if (outcome === HOLDS) return ['verified'];
  return outcome === REFUSED_BY_UPSTREAM ? ['forwarded', 'rejected'] : (MEMBERS[outcome] ?? []);
}

/** The hourly counts of a database. */
export class OutcomeRows {
  readonly #add: Statement;

  constructor(database: Database) {
    this.#add = statement(
      database,
      `INSERT INTO outcome_hours (hour, pair, outcome, count) VALUES (?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET count = count + 1`,
    );
  }

  add({ hour, pair, outcome }: OutcomeChange): void {
    this.#add.run(hour, pair, outcome);
  }
}
