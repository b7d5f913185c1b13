// What splitters say about themselves, as plain data.

import type { Source } from './cluster.ts';

/** Numbers since the splitter started. */
export interface SplitterNumbers {
  /** Messages read and given to a round. */
  readonly messages: number;
  readonly rounds: number;
  /** Bytes of all rounds. */
  readonly bytes: number;
  readonly restarts: number;
  readonly heals: number;
  /** Sequences that the stream no longer held. */
  readonly lost: number;
  /** The same in heals, where the main line has often sent the messages already. */
  readonly lostInHeals: number;
}

/** The state of a splitter. */
export interface SplitterStatus extends SplitterNumbers {
  /** Null until it is known. */
  readonly source: Source | null;
  /** Everything up to this sequence is in all logs. */
  readonly checkpoint: number | null;
  readonly readTo: number | null;
  /** How far behind the end of the stream it reads, in ms. */
  readonly behindMs: number;
  /** True if the stream's broker does not answer. */
  readonly isAway: boolean;
  /** Why it began again; null if it works. */
  readonly problem: string | null;
}

/** One input stream, as this process sees it. */
export interface ShardStatus {
  /** The name of the stream. */
  readonly shard: string;
  /** The process that holds the lease of its splitter; null if none does, or if it is not known yet. */
  readonly holder: string | null;
  /** The splitter in this process; null while another process splits the stream. */
  readonly splitter: SplitterStatus | null;
}

/** The splitters of one process. */
export interface SplittersStatus {
  /** Why nothing can be split; null if there is no reason known. */
  readonly problem: string | null;
  readonly shards: readonly ShardStatus[];
}
