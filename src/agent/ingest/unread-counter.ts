// Counts records and entries that gave no fact, in step with the transactions that store the facts beside them.

import type { SourceKind, UnreadCounts, UnreadReason } from '../domain/source-facts.ts';
import type { UnreadCount } from '../domain/view.ts';

/** The counts of a process. */
export class UnreadCounter {
  readonly #counts = new Map<string, UnreadCount>();
  readonly #adding = new Map<string, UnreadCount>();

  add(source: SourceKind, reason: UnreadReason, count: number): void {
    addTo(this.#adding, { source, reason, count });
  }

  addAll(source: SourceKind, unread: UnreadCounts): void {
    // The names of the members are the reasons.
    for (const [reason, count] of Object.entries(unread) as [UnreadReason, number][])
      this.add(source, reason, count);
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

  all(): readonly UnreadCount[] {
    return [...this.#counts.values()];
  }
}

function addTo(counts: Map<string, UnreadCount>, { source, reason, count }: UnreadCount): void {
  const name = `${source} ${reason}`;
  counts.set(name, { source, reason, count: count + (counts.get(name)?.count ?? 0) });
}
