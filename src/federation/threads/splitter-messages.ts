// The messages between the splitter thread and the main thread: plain data.

import type { Settings } from '../config/settings.ts';
import type { SplittersStatus } from '../domain/splitter-status.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import type { NatsOptions } from '../../io/nats.ts';

/** The data with which the splitter thread is started. */
export interface SplitterThreadData {
  readonly settings: Settings;
  readonly nats: NatsOptions;
  /** The name of this process, different from that of every other: it stands in leases and in rounds. */
  readonly holder: string;
}

/** Messages of the main thread to the splitter thread. */
export type MainToSplitter = { readonly type: 'stop' };

/** Messages of the splitter thread to the main thread. */
export type SplitterToMain =
  | { readonly type: 'status'; readonly status: SplittersStatus }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly sentence: string }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly sentence: string }
  | { readonly type: 'stopped' };
