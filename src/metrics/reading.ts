// A metric that is read at each scrape, as plain data: name, type, help and source. It uses no metrics library.

/** One series: its labels and its current value. */
export type SeriesValue = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A counter or gauge that is read from a source of type `S`. Series leave only when the program is configured anew. */
export interface Reading<S> {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (source: S) => readonly SeriesValue[];
}

/** A counter without labels. */
export function counter<S>(name: string, help: string, read: (source: S) => number): Reading<S> {
  return { name, type: 'counter', help, labels: [], read: (source) => [[{}, read(source)]] };
}

/** A gauge without labels. */
export function gauge<S>(name: string, help: string, read: (source: S) => number): Reading<S> {
  return { name, type: 'gauge', help, labels: [], read: (source) => [[{}, read(source)]] };
}
