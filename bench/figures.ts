// The results of a bench: figures with their aims, printed as one table or as JSON.

import { machine } from './machine.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The aim for the figure; null if there is none. */
  readonly aim: { readonly atLeast?: number; readonly atMost?: number } | null;
  /** The rounds whose median it is, or the method. */
  readonly note?: string;
}

export interface BenchOptions {
  /** Interleaved rounds of each figure. */
  readonly rounds: number;
  /** Under a minute for all benches: fewer and shorter rounds, for an impression and not for a figure to quote. */
  readonly isQuick: boolean;
}

export type Bench = (options: BenchOptions) => Promise<readonly Figure[]>;

export function meets({ value, aim }: Figure): boolean | null {
  if (aim === null) return null;
  return value >= (aim.atLeast ?? -Infinity) && value <= (aim.atMost ?? Infinity);
}

export function print(bench: string, figures: readonly Figure[]): void {
  console.log(bench);
  for (const figure of figures) {
    const { name, value, unit, aim, note } = figure;
    const wanted = aim === null ? '' : aim.atLeast === undefined ? `≤ ${aim.atMost}` : `≥ ${aim.atLeast}`;
    const verdict = { true: 'ok', false: 'MISSED', null: '' }[String(meets(figure)) as 'true'];
    console.log(
      `  ${name.padEnd(48)} ${`${shown(value)} ${unit}`.padStart(14)}  ${wanted.padEnd(9)} ${verdict.padEnd(7)} ${note ?? ''}`,
    );
  }
}

export function toJson(results: ReadonlyMap<string, readonly Figure[]>, options: BenchOptions): string {
  const benches = Object.fromEntries(
    [...results].map(([bench, figures]) => [
      bench,
      figures.map((figure) => ({ ...figure, meetsAim: meets(figure) })),
    ]),
  );
  return JSON.stringify({ machine: machine(), at: new Date().toISOString(), ...options, benches }, null, 2);
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}
