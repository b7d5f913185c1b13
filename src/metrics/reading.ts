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

/** A metric with one label, whose values are `words`: all its series exist from the start. */
export function labelled<S, W extends string>(
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  label: string,
  words: readonly W[],
  read: (source: S) => Readonly<Record<W, number>>,
): Reading<S> {
  return {
    name,
    type,
    help,
    labels: [label],
    read: (source) => {
      const counts = read(source);
      return words.map((word) => [{ [label]: word }, counts[word]]);
    },
  };
}

/** The same metrics, read from a part of a larger source. */
export function readFrom<S, Part>(
  readings: readonly Reading<Part>[],
  part: (source: S) => Part,
): readonly Reading<S>[] {
  return readings.map((reading) => ({ ...reading, read: (source) => reading.read(part(source)) }));
}
