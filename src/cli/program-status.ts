// The numbers of `status` that every program has, under the prefix of its metrics, and their rows on the screen.

import { type Sample, sumOf } from '../lib/prometheus-text.ts';
import { aheadText, duration, size, whole } from './screen.ts';
import type { Readiness } from './status.ts';

/** Counts are since the start of the process, times in seconds, sizes in bytes. */
export interface ProgramStatus {
  readonly ready: boolean;
  /** Components with a reason, each with it. */
  readonly problems: readonly string[];
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly databaseBytes: number;
  readonly memoryBytes: number;
  readonly logLinesDropped: number;
}

/** Makes the numbers from two answers of the program. */
export function programStatus(
  prefix: string,
  readiness: Readiness,
  samples: readonly Sample[],
  nowSeconds: number,
): ProgramStatus {
  return {
    ready: readiness.status === 'ready',
    problems: Object.entries(readiness.components)
      .filter(([, { ok, reason }]) => !ok || reason !== undefined)
      .map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`),
    version: samples.find(({ name }) => name === `${prefix}_build_info`)?.labels['version'] ?? 'unknown',
    uptimeSeconds: nowSeconds - sumOf(samples, 'process_start_time_seconds'),
    databaseBytes: sumOf(samples, `${prefix}_db_size_bytes`),
    memoryBytes: sumOf(samples, 'process_resident_memory_bytes'),
    logLinesDropped: sumOf(samples, `${prefix}_log_lines_dropped_total`),
  };
}

type Row = readonly [name: string, text: string];

/** The rows with which the screen begins; `more` follows whether the program is ready. */
export function firstRows(status: ProgramStatus, url: string, more = ''): readonly Row[] {
  const { version, uptimeSeconds, ready, problems } = status;
  return [
    ['program', `${version} at ${url}, up ${duration(uptimeSeconds)}${aheadText(uptimeSeconds)}`],
    ['ready', `${ready ? 'yes' : 'NO'}${more}`],
    ...problems.map((problem): Row => ['', problem]),
  ];
}

/** The rows with which the screen ends. */
export function lastRows({ databaseBytes, memoryBytes, logLinesDropped }: ProgramStatus): readonly Row[] {
  return [
    ['database', size(databaseBytes)],
    ['memory', size(memoryBytes)],
    ...(logLinesDropped > 0
      ? [['log', `${whole(logLinesDropped)} lines could not be written`] as const]
      : []),
  ];
}
