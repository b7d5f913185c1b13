// A number that is read when Prometheus asks, as plain data: its name, type, help and where it comes from. Knows no
// metrics library.

/** One series: its labels and its value now. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A counter or gauge read from a source of type `S`; the series are the same at every reading. */
export interface Reading<S> {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (source: S) => readonly Sample[];
}

/** A counter without labels. */
export function counter<S>(name: string, help: string, read: (source: S) => number): Reading<S> {
  return { name, type: 'counter', help, labels: [], read: (source) => [[{}, read(source)]] };
}

/** A gauge without labels. */
export function gauge<S>(name: string, help: string, read: (source: S) => number): Reading<S> {
  return { name, type: 'gauge', help, labels: [], read: (source) => [[{}, read(source)]] };
}
