// The questions that the pool of trades answers: for each its argument and its answer. Both are plain data.

import type { Checkpoint } from '../domain/enclave-link.ts';
import type {
  BucketQuery,
  BucketSeries,
  CheckpointQuery,
  ClientRow,
  ClientsQuery,
  OutboxQuery,
  OutboxRow,
  SealCount,
} from '../domain/questions.ts';

/** The body of an entry. */
export interface StoredBody {
  readonly id: number;
  readonly body: string;
}

/** As many bodies as one answer may have. */
export interface BodiesAnswer {
  /** Of those entries asked for that the database has. */
  readonly bodies: readonly StoredBody[];
  /** Ids that were not looked up, because the answer is full: ask again. */
  readonly left: readonly number[];
}

/** The questions by name. */
export interface TradesQuestions {
  buckets: { argument: BucketQuery; answer: BucketSeries };
  outbox: { argument: OutboxQuery; answer: readonly OutboxRow[] };
  /** {@link readAllBodies} asks until none is left. */
  bodies: { argument: { readonly ids: readonly number[] }; answer: BodiesAnswer };
  checkpoints: { argument: { readonly query: CheckpointQuery }; answer: readonly Checkpoint[] };
  seals: { argument: object; answer: readonly SealCount[] };
  clients: { argument: ClientsQuery; answer: readonly ClientRow[] };
}
