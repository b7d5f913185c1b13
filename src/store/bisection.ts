// Chooses which part of a failed batch to try next (docs/federation.md#quarantine): three times the whole batch, then
// the facts that wait beside the messages, then the messages, halved down to the single messages that cannot be stored.
// It only decides; the salvage merges, commits and quarantines.

/** The part to try next: the messages of the batch from index `from` up to, not including, `to`. */
export interface BatchPart {
  /**
   * `facts`: no messages, only the facts that wait for a commit. `without_facts`: the same, after the facts are
   * dropped. `set_aside`: the single message is quarantined instead of stored.
   */
  readonly type: 'whole' | 'facts' | 'without_facts' | 'messages' | 'set_aside';
  readonly from: number;
  readonly to: number;
}

/** Number of times that a batch must fail as a whole before it is split. */
export const WHOLE_FAILURES_MAX = 3;

/** The plan for one failed batch. The caller tries {@link Bisection.next} and reports the result. */
export class Bisection {
  readonly #count: number;
  #failures: number;
  #isStuck = false;
  /** The remaining parts; the next one is last. */
  readonly #left: BatchPart[];

  /** `count` is the number of messages in the batch; as a whole it has failed `failures` times so far. */
  constructor(count: number, failures: number) {
    this.#count = count;
    this.#failures = failures;
    this.#left = [{ type: 'whole', from: 0, to: count }];
  }

  /** The part to try next; null when every message is stored or quarantined. */
  get next(): BatchPart | null {
    return this.#left.at(-1) ?? null;
  }

  /** True if even quarantining a message failed. Then the caller can only try again and report it. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** The caller committed the part. */
  succeeded(): void {
    this.#isStuck = false;
    this.#left.pop();
  }

  /**
   * The part failed, at the message with index `at`, or, if `at` is null, in the commit. Nothing of the part is stored.
   */
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
        // The facts are tried first and alone, which shows whether they or the messages fail. A batch without messages
        // has no other part.
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

  /** Splits at the message that failed if it is known, otherwise in the middle. */
  #split(from: number, to: number, at: number | null): void {
    const cuts = at === null ? [from, from + ((to - from) >> 1), to] : [from, at, at + 1, to];
    for (let cut = cuts.length - 2; cut >= 0; cut--) {
      const [start = 0, end = 0] = cuts.slice(cut);
      if (end > start) this.#left.push({ type: 'messages', from: start, to: end });
    }
  }
}
