// Whether the broker of an input stream answers. It asks about the stream, and restarts nothing.

import type { Clock } from '../../lib/clock.ts';
import type { InputFacts, InputStream } from './split-parts.ts';

/** A stream whose broker has not answered for this long is away, in ms. */
export const AWAY_AFTER_MS = 2_000;
/** A stream of which nothing was heard for this long is asked about, in ms. */
const ASK_AFTER_MS = 1_000;

/** What was last heard of one stream. */
export class StreamPulse {
  readonly #stream: Pick<InputStream, 'facts'>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #heardMs: number;
  #isUnanswered = false;
  #asking = 0;

  constructor(stream: Pick<InputStream, 'facts'>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#stream = stream;
    this.#clock = clock;
    this.#heardMs = clock.monotonicMs();
  }

  /** True if the last question was not answered, and nothing was heard for too long. */
  get isAway(): boolean {
    return this.#isUnanswered && this.#clock.monotonicMs() - this.#heardMs > AWAY_AFTER_MS;
  }

  /** True if it is time to ask. */
  get isQuiet(): boolean {
    return this.#asking === 0 && this.#clock.monotonicMs() - this.#heardMs > ASK_AFTER_MS;
  }

  /** Something of the stream arrived at `nowMs`. */
  heard(nowMs: number): void {
    this.#isUnanswered = false;
    this.#heardMs = nowMs;
  }

  /** Asks about the stream. */
  async ask(): Promise<InputFacts> {
    this.#asking++;
    try {
      const facts = await this.#stream.facts();
      this.heard(this.#clock.monotonicMs());
      return facts;
    } catch (error) {
      this.#isUnanswered = true;
      throw error;
    } finally {
      this.#asking--;
    }
  }
}
