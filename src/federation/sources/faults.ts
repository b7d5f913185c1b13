// What is wrong with reading although the broker is connected: each fault is logged when it begins and when it ends, once.
// It finds none and mends none.

/** `refused`: the broker denies us something. `settings`: our stream is not as wanted. `stall`: the stream gives nothing. */
export type FaultKind = 'refused' | 'settings' | 'stall';

const ENDS: Readonly<Record<FaultKind, string>> = {
  refused: 'the broker lets us do everything again that reading needs',
  settings: 'the stream is as the settings want it again',
  stall: 'the stream gives messages again; what was removed of it unread is counted as lost',
};

export class Faults {
  readonly #known = new Map<FaultKind, { readonly key: string; sentence: string }>();
  readonly #log: (level: 'info' | 'warn', sentence: string) => void;

  #noted: string | null = null;

  constructor(log: (level: 'info' | 'warn', sentence: string) => void) {
    this.#log = log;
  }

  /** All sentences; null if all is well. */
  get sentence(): string | null {
    const sentences = [...this.#known.values()].map((fault) => fault.sentence);
    return sentences.length === 0 ? null : sentences.join('; ');
  }

  has(kind: FaultKind): boolean {
    return this.#known.has(kind);
  }

  /** A fault with another `key` is news; with the same one, only its sentence is newer. */
  begin(kind: FaultKind, sentence: string, key = sentence): void {
    const isNews = this.#known.get(kind)?.key !== key;
    this.#known.set(kind, { key, sentence });
    if (isNews) this.#log('warn', `broker: ${sentence}`);
  }

  /** `worse` is told instead where it did not end well. */
  end(kind: FaultKind, worse: string | null = null): void {
    if (!this.#known.delete(kind)) return;
    this.#log(worse === null ? 'info' : 'warn', `broker: ${worse ?? ENDS[kind]}`);
  }

  /** What is no fault by itself, told once until it changes; null: it is over. */
  note(sentence: string | null): void {
    if (sentence !== null && sentence !== this.#noted) this.#log('warn', `broker: ${sentence}`);
    this.#noted = sentence;
  }

  /** Something else is told instead. */
  drop(kind: FaultKind): void {
    this.#known.delete(kind);
  }
}
