// Opens the database for the running program with its writer, and takes over what an earlier aggregator left. It
// commits nothing.

import { amountText } from '../../lib/amount.ts';
import { systemClock } from '../../lib/clock.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { type HeldDatabase, openHeld } from '../../store/held-database.ts';
import { earlierAggregator } from './adoption.ts';
import { MINING_DATABASE } from './mining-database.ts';
import { MiningWriter } from './writer.ts';

/** A take-over says how far it is after every so many rows, which take some seconds. */
const PROGRESS_ROWS = 100_000;

/** Which database is opened, and how. */
export interface OpenOptions {
  readonly path: string;
  /** Days for which rows are kept; 0 for ever. */
  readonly retentionDays: number;
  /** T, in seconds; at least 1. */
  readonly blockTimeSecs: number;
}

/**
 * Opens the database with its writer. `nowMs` is the wall clock. `log` receives what a take-over did. Errors: those of
 * {@link openHeld}.
 */
export function openDatabase(
  { path, retentionDays, blockTimeSecs }: OpenOptions,
  nowMs: number,
  log: (level: 'info' | 'warn', sentence: string) => void,
): HeldDatabase<MiningWriter> {
  const report = { rows: 0, unreadable: 0 };
  const startedMs = systemClock.monotonicMs();
  const progress = (rows: number, ofRows: number) => {
    if (rows % PROGRESS_ROWS !== 0) return;
    const amount = { done: rows, whole: ofRows, unit: 'rows' } as const;
    const how = amountText(amount, systemClock.monotonicMs() - startedMs);
    log('info', `take-over: ${rows} of ${ofRows} submissions of the earlier aggregator; ${how}`);
  };
  const adoption = earlierAggregator({ nowMs, blockTimeSecs, progress }, report);
  return openHeld({ path, program: MINING_DATABASE, adoption }, (database) => {
    if (report.rows + report.unreadable > 0) {
      log(
        'info',
        `take-over: ${report.rows} submissions are kept, ${report.unreadable} had no readable time, height or quality; the database as it was is in ${path}.before-adoption`,
      );
    }
    return new MiningWriter(database, retentionDays * DAY_MS, nowMs);
  });
}
