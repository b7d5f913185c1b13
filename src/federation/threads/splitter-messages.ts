// The messages between the splitter thread and the main thread: plain data.

import type { Settings } from '../config/settings.ts';
import type { SplitterStatus } from '../sources/splitter-status.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { NatsOptions } from '../../io/nats.ts';

/** The data with which the splitter thread is started. */
export interface SplitterThreadData {
  readonly settings: Settings;
  readonly nats: NatsOptions;
  /** The name of this process, different from that of every other: it stands in leases and in rounds. */
  readonly holder: string;
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

/** The splitter thread as a whole. */
export interface SplittersStatus {
  readonly isConnected: boolean;
  /** Why nothing is split; null if there is no reason known. */
  readonly problem: string | null;
  readonly shards: readonly ShardStatus[];
}

/** Messages of the main thread to the splitter thread. */
export type MainToSplitter = { readonly type: 'stop' };

/** Messages of the splitter thread to the main thread. */
export type SplitterToMain =
  | { readonly type: 'status'; readonly status: SplittersStatus }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
