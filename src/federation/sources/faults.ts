// The faults of reading while the broker is connected. It logs each fault once when it begins and once when it ends. It
// detects and repairs none.

/**
 * `refused`: the broker refuses an operation. `settings`: the program's own stream has wrong settings. `stall`: the
 * stream delivers nothing. `silence`: the log of a partition brings no round. `control`: the commands of operators cannot
 * be read.
 */
export type FaultKind = 'refused' | 'settings' | 'stall' | 'silence' | 'control';

const ENDS: Readonly<Record<FaultKind, string>> = {
  refused: 'the broker allows again everything that reading needs',
  settings: 'the stream is as the settings want it again',
  stall: 'the stream gives messages again; what was removed of it unread is counted as lost',
  silence: 'the log brings rounds again',
  control: 'the commands of operators are read again',
};

/** The current faults. */
export class Faults {
  readonly #known = new Map<FaultKind, { readonly key: string; sentence: string }>();
  readonly #log: (level: 'info' | 'warn', sentence: string) => void;

  #noted: string | null = null;

  constructor(log: (level: 'info' | 'warn', sentence: string) => void) {
    this.#log = log;
  }

  /** All sentences; null if there is no fault. */
  get sentence(): string | null {
    const sentences = [...this.#known.values()].map((fault) => fault.sentence);
    return sentences.length === 0 ? null : sentences.join('; ');
  }

  has(kind: FaultKind): boolean {
    return this.#known.has(kind);
  }

  /** Begins a fault. With another `key` it is new and logged; with the same key only the sentence changes. */
  begin(kind: FaultKind, sentence: string, key = sentence): void {
    const isNews = this.#known.get(kind)?.key !== key;
    this.#known.set(kind, { key, sentence });
    if (isNews) this.#log('warn', `broker: ${sentence}`);
  }

  /** Ends a fault. If `worse` is not null, that sentence is logged as a warning instead of the usual one. */
  end(kind: FaultKind, worse: string | null = null): void {
    if (!this.#known.delete(kind)) return;
    this.#log(worse === null ? 'info' : 'warn', `broker: ${worse ?? ENDS[kind]}`);
  }

  /** Logs a sentence that is not a fault, once until it changes; null ends it. */
  note(sentence: string | null): void {
    if (sentence !== null && sentence !== this.#noted) this.#log('warn', `broker: ${sentence}`);
    this.#noted = sentence;
  }

  /** Removes a fault without logging its end, because another sentence replaces it. */
  drop(kind: FaultKind): void {
    this.#known.delete(kind);
  }
}
