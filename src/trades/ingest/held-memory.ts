// The memory that the trades of all jobs take, and its bound. It holds no trade.

import type { Log } from '../../io/log.ts';

/** After a warning the log warns again only if this share of the memory was free in between. */
const FREE_SHARE_BEFORE_NEXT_WARNING = 0.25;

/** Counts bytes that jobs hold. */
export class HeldMemory {
  readonly bytesMax: number;
  readonly #log: Pick<Log, 'warn'>;
  #bytes = 0;
  #isWarned = false;

  constructor(bytesMax: number, log: Pick<Log, 'warn'>) {
    this.bytesMax = bytesMax;
    this.#log = log;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True if no further trade may be held. Warns of the first one that is refused. */
  refuses(): boolean {
    if (this.#bytes < this.bytesMax) return false;
    if (!this.#isWarned) {
      this.#isWarned = true;
      this.#log.warn(
        'jobs: raise JOBS_MEMORY_MAX_MIB, or lower MAX_JOBS or JOB_MAX_TRADES: trades are refused, because those that jobs hold take all the memory that the setting allows',
      );
    }
    return true;
  }

  /** A job holds this many bytes more, or less if negative. */
  changed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.bytesMax * (1 - FREE_SHARE_BEFORE_NEXT_WARNING)) this.#isWarned = false;
  }
}
