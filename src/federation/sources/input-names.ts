// The names of a cluster's input streams: those of the settings, or else every stream of the account whose name begins like
// one, asked for again and again. It reads no messages.

import { type JetStreamManager, streamNames } from '../../io/streams.ts';
import { INPUT_STREAM_PREFIX } from '../domain/cluster.ts';

/** Time between two questions for the names, in ms. */
const ASK_MS = 30_000;
/** The same after a question that failed. */
const ASK_AGAIN_MS = 2_000;

/** The names, kept up to date. */
export class InputNames {
  readonly #isGiven: boolean;
  readonly #changed: (names: readonly string[]) => void;
  #nextMs = -Infinity;
  #isAsking = false;

  /** `given`: the names of the settings, null if the broker is to be asked. `changed` is called with each answer. */
  constructor(given: readonly string[] | null, changed: (names: readonly string[]) => void) {
    this.#isGiven = given !== null;
    this.#changed = changed;
  }

  /** Asks the broker if it is time; `nowMs` is on the monotonic clock. Never rejects. */
  async ask(manager: JetStreamManager, nowMs: number): Promise<void> {
    if (this.#isGiven || this.#isAsking || nowMs < this.#nextMs) return;
    this.#isAsking = true;
    try {
      this.#changed(await streamNames(manager, INPUT_STREAM_PREFIX));
      this.#nextMs = nowMs + ASK_MS;
    } catch {
      // The names known so far still count.
      this.#nextMs = nowMs + ASK_AGAIN_MS;
    }
    this.#isAsking = false;
  }
}
