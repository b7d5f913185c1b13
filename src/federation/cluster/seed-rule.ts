// Decides whether a replica may begin to read its log, or must first be seeded with a copy of another replica. Pure.

/** What is known before the first round is read. */
export interface BeginningFacts {
  /** What this replica has applied of its log. */
  readonly progress: number;
  /** True if its database holds counts. */
  readonly hasRows: boolean;
  /** True if the first database of the cluster held counts before the cluster was made. */
  readonly continues: boolean;
  /** The first and the last sequence of the log; a log that never took a round has 0 as its last. */
  readonly log: { readonly firstSeq: number; readonly lastSeq: number };
  /** What other replicas of the partition, and earlier ones of this name, last said about themselves. */
  readonly others: readonly { readonly progress: number; readonly logSeq: number }[];
}

/** Why the replica must be seeded, as part of a sentence; null if it may read its log. */
export function seedReason({ progress, hasRows, continues, log, others }: BeginningFacts): string | null {
  if (progress > 0 || hasRows) return null;
  if (continues) return 'the cluster was made of a database that held counts already';
  if (!others.some((other) => other.progress > 0)) return null;
  if (log.firstSeq > 1) return 'the log no longer holds its first rounds';
  if (others.some(({ logSeq }) => logSeq > log.lastSeq))
    return 'the log was made anew after rounds were lost';
  return null;
}
