// One input stream in the splitter thread: the lease of its splitter, and the splitter while this process holds the lease.

import { Lease } from '../../io/lease.ts';
import type { RecordStream } from '../../io/record-stream.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { CLUSTER_SUBJECTS } from '../domain/cluster.ts';
import type { GapRequest } from '../domain/gap-request.ts';
import type { Splitter } from '../sources/splitter.ts';
import type { ShardStatus } from '../domain/splitter-status.ts';

/** What a {@link ShardHolder} needs of its thread. */
export interface ShardHolderParts {
  records(): RecordStream | null;
  createSplitter(signal: AbortSignal): Splitter;
  log(level: 'info' | 'warn', sentence: string): void;
}

/** A splitter at work. */
interface Working {
  readonly splitter: Splitter;
  readonly stop: AbortController;
}

/** One input stream, from its discovery to the thread's stop. */
export class ShardHolder implements Part {
  readonly #shard: string;
  readonly #parts: ShardHolderParts;
  readonly #lease: Lease;
  #working: Working | null = null;

  /** `holder`: the name of this process. */
  constructor(shard: string, holder: string, parts: ShardHolderParts) {
    this.#shard = shard;
    this.#parts = parts;
    this.#lease = new Lease(
      { subject: CLUSTER_SUBJECTS.splitLease(shard), holder },
      {
        records: () => parts.records(),
        clock: systemClock,
        timers: systemTimers,
        random: randomShare,
        changed: (isHeld) => this.#changed(isHeld),
      },
    );
  }

  start(): Promise<void> {
    return this.#lease.start();
  }

  /** Stops the splitter before it gives the lease away, so that its last checkpoint is written. */
  async stop(): Promise<void> {
    await this.#end();
    await this.#lease.stop();
  }

  /** Passes a request on, if this process splits the stream. */
  heal(request: GapRequest): void {
    this.#working?.splitter.heal(request);
  }

  get status(): ShardStatus {
    return {
      shard: this.#shard,
      holder: this.#lease.holder,
      splitter: this.#working?.splitter.status ?? null,
    };
  }

  #changed(isHeld: boolean): void {
    if (!isHeld) {
      if (this.#working !== null) this.#parts.log('info', `splitter of ${this.#shard}: the lease is lost`);
      void this.#end();
      return;
    }
    if (this.#working !== null) return;
    this.#parts.log('info', `splitter of ${this.#shard}: this process splits the stream`);
    const stop = new AbortController();
    const splitter = this.#parts.createSplitter(stop.signal);
    this.#working = { splitter, stop };
    void splitter.start();
  }

  async #end(): Promise<void> {
    const working = this.#working;
    this.#working = null;
    working?.stop.abort();
    await working?.splitter.stop();
  }
}
