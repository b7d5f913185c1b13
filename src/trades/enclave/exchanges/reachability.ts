// Whether anything answers at an exchange, for the log: one sentence when nothing has answered for a while, and one when it
// answers again. Its address and its answers are not shown.

import type { Log } from '../../../io/log.ts';
import type { Clock } from '../../../lib/clock.ts';

/** Time without any answer before the log says so, in ms: shorter troubles mend themselves. */
export const SILENCE_TOLD_MS = 20_000;

/** The outcomes of requests to one exchange. */
export class Reachability {
  readonly #exchange: string;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Of the first request without an answer since the last one with an answer; null if the last one had one. */
  #silentSinceMs: number | null = null;
  #isTold = false;

  constructor(
    exchange: string,
    parts: { readonly log: Pick<Log, 'info' | 'warn'>; readonly clock: Pick<Clock, 'monotonicMs'> },
  ) {
    this.#exchange = exchange;
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  /** The exchange answered, perhaps with an error. */
  answered(): void {
    if (this.#isTold) this.#log.info(`${this.#exchange}: it answers again`);
    this.#isTold = false;
    this.#silentSinceMs = null;
  }

  /** A request that left had no answer. */
  unanswered(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#silentSinceMs ??= nowMs;
    if (this.#isTold || nowMs - this.#silentSinceMs < SILENCE_TOLD_MS) return;
    this.#isTold = true;
    this.#log.warn(
      `${this.#exchange}: nothing answers: check the network and DNS of the enclave, and whether the exchange is down; its accounts are polled again when it answers, and no fill is lost that it then still serves`,
    );
  }
}
