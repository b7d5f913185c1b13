// Which part of a batch that cannot be stored is tried next (section 7): the whole of it three times, then what waited
// beside it, then halves, down to the messages that cannot be stored. It decides; who asks it merges, commits and sets aside.

/** What to try next; `from` up to, and without, `to` are places in the batch. */
export interface BatchPart {
  /**
   * `facts`: no message, only what else waits for a commit. `without_facts`: the same, after dropping that.
   * `set_aside`: the one message is not stored but set aside.
   */
  readonly type: 'whole' | 'facts' | 'without_facts' | 'messages' | 'set_aside';
  readonly from: number;
  readonly to: number;
}

/** So often a batch must fail as a whole. */
export const WHOLE_FAILURES_MAX = 3;

export class Bisection {
  readonly #count: number;
  #failures: number;
  #isStuck = false;
  /** What is left, the next part last. */
  readonly #left: BatchPart[];

  /** For a batch of `count` messages, of which the whole has failed `failures` times so far. */
  constructor(count: number, failures: number) {
    this.#count = count;
    this.#failures = failures;
    this.#left = [{ type: 'whole', from: 0, to: count }];
  }

  /** The part to try next; null when every message is stored or set aside. */
  get next(): BatchPart | null {
    return this.#left.at(-1) ?? null;
  }

  /** True if even setting aside failed: nothing is left but to try again, and to say so. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** The part is committed. */
  succeeded(): void {
    this.#isStuck = false;
    this.#left.pop();
  }

  /** The part failed: at the message in place `at`, or, if that is null, when it was committed. Nothing of it is stored. */
  failed(at: number | null): void {
    const part = this.#left.at(-1);
    if (part === undefined) return;
    const { type, from, to } = part;
    switch (type) {
      case 'whole':
        if (++this.#failures < WHOLE_FAILURES_MAX) return;
        this.#left.splice(
          0,
          1,
          { type: 'messages', from: 0, to: this.#count },
          { type: 'facts', from: 0, to: 0 },
        );
        // Nothing is known yet of messages that were never tried without the facts.
        if (this.#count === 0) this.#left.shift();
        return;
      case 'facts':
        this.#left.splice(-1, 1, { type: 'without_facts', from: 0, to: 0 });
        return;
      case 'messages':
        this.#left.pop();
        if (to - from === 1) this.#left.push({ type: 'set_aside', from, to });
        else this.#split(from, to, at);
        return;
      case 'without_facts':
      case 'set_aside':
        this.#isStuck = true;
    }
  }

  /** At the offender if it is known, else in the middle. */
  #split(from: number, to: number, at: number | null): void {
    const cuts = at === null ? [from, from + ((to - from) >> 1), to] : [from, at, at + 1, to];
    for (let cut = cuts.length - 2; cut >= 0; cut--) {
      const [start = 0, end = 0] = cuts.slice(cut);
      if (end > start) this.#left.push({ type: 'messages', from: start, to: end });
    }
  }
}
