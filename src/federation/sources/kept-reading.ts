// What the source thread's connection to the broker needs of the reading that attaches over it. Types only.

import type { NatsConnection } from '../../io/nats.ts';
import type { Refusals } from '../../io/refusals.ts';
import type { Attempt } from './attachment.ts';
import type { CatchUp } from './catch-up.ts';

/** Reading has begun; `problem` is a reason for concern, null if there is none. */
export interface Begun {
  readonly mode: 'jetstream' | 'core';
  readonly problem: string | null;
  readonly level: 'info' | 'warn';
  readonly sentence: string;
}

/** Why nothing can be read, and whether the broker's refusals are the cause. */
export interface Explained {
  readonly problem: string;
  readonly isRefused: boolean;
}

/** Called when reading breaks off. A quiet one is not logged, because a fault already says why. */
export type Broken = (reason: string, isQuiet?: boolean) => void;

/** What reads over the connection. */
export interface KeptReading {
  readonly catchUp: CatchUp;
  readonly refusals: Refusals;
  /** The faults while the broker is connected; null if there are none. */
  readonly fault: string | null;
  /** True if something is read without problems. */
  readonly isHealthy: boolean;
  /** True if some messages of nodes cannot arrive, although others may. */
  readonly isMissing: boolean;
  /** True while messages may be waiting that cannot arrive, whatever the state of the connection. */
  readonly isKeptBack: boolean;
  /**
   * Finds what to read and begins to read it; returns null if another attempt has replaced this one. Throws if it
   * cannot read. `broken` is called once if reading breaks off later. A recheck does not disturb a healthy reader.
   */
  begin(
    connection: NatsConnection,
    attempt: Attempt,
    broken: Broken,
    isRecheck: boolean,
  ): Promise<Begun | null>;
  /** Records that the reading which {@link begin} started is in use from now on. */
  begun(begun: Begun): void;
  explain(error: unknown): Explained;
  /** Checks whether messages were read since the last check. */
  noteReading(): void;
  pause(): void;
  resume(): void;
  stop(): void;
}
