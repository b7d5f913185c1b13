// Counts the facts of this process by kind, source and outcome, in step with the transactions that store them. It stores
// nothing.

import type { FactKind, FactOutcome } from '../domain/fact-store.ts';
import type { SourceKind } from '../domain/source-facts.ts';
import type { FactCount } from '../domain/view.ts';

/** The counts of a process. */
export class FactsOfProcess {
  readonly #counts = new Map<string, FactCount>();
  /** What the transaction that is open adds. */
  #adding: Map<string, FactCount> = new Map();

  add(kind: FactKind, source: SourceKind, outcome: FactOutcome): void {
    addTo(this.#adding, { kind, source, outcome, count: 1 });
  }

  /** The transaction is committed. */
  committed(): void {
    for (const count of this.#adding.values()) addTo(this.#counts, count);
    this.#adding.clear();
  }

  /** The transaction is undone. */
  undone(): void {
    this.#adding.clear();
  }

  all(): readonly FactCount[] {
    return [...this.#counts.values()];
  }
}

function addTo(counts: Map<string, FactCount>, { kind, source, outcome, count }: FactCount): void {
  const name = `${kind} ${source} ${outcome}`;
  counts.set(name, { kind, source, outcome, count: count + (counts.get(name)?.count ?? 0) });
}
