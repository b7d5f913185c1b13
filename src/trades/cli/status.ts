// Trades' part of `status`: the numbers of the screen, and the screen. It asks the running program, and opens no database.

import {
  ageText,
  aheadText,
  counts,
  duration,
  rowsText,
  size,
  whole,
  withoutZeros,
} from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import type { Sample } from '../../lib/prometheus-text.ts';
import { ownHttpUrl } from '../config/own-url.ts';

/** The numbers of the screen; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface TradesStatus {
  readonly ready: boolean;
  readonly problems: readonly string[];
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly jobs: Readonly<Record<string, number>>;
  readonly jobsMax: number;
  readonly connections: number;
  readonly tradesTaken: number;
  readonly accounts: Readonly<Record<string, number>>;
  readonly waiting: number;
  readonly oldestSeconds: number;
  readonly deadLetters: number;
  readonly delivered: number;
  /** Time since the backend took the latest summary; null if it took none. */
  readonly lastDeliverySeconds: number | null;
  readonly databaseBytes: number;
  readonly memoryBytes: number;
  readonly logLinesDropped: number;
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): TradesStatus {
  const sum = (name: string) =>
    samples.reduce((total, sample) => (sample.name === name ? total + sample.value : total), 0);
  const own = (name: string) => sum(`aggregator_trades_${name}`);
  const lastSeconds = own('last_delivery_timestamp_seconds');
  return {
    ready: readiness.status === 'ready',
    problems: Object.entries(readiness.components)
      .filter(([, { ok, reason }]) => !ok || reason !== undefined)
      .map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`),
    version:
      samples.find(({ name }) => name === 'aggregator_trades_build_info')?.labels['version'] ?? 'unknown',
    uptimeSeconds: nowSeconds - sum('process_start_time_seconds'),
    jobs: byLabel(samples, 'aggregator_trades_jobs', 'status'),
    jobsMax: own('jobs_limit'),
    connections: own('connections'),
    tradesTaken: own('taken_total'),
    accounts: byLabel(samples, 'aggregator_trades_accounts', 'state'),
    waiting: own('outbox_summaries'),
    oldestSeconds: own('outbox_oldest_seconds'),
    deadLetters: own('dead_letters'),
    delivered: own('delivered_total'),
    lastDeliverySeconds: lastSeconds === 0 ? null : nowSeconds - lastSeconds,
    databaseBytes: own('db_size_bytes'),
    memoryBytes: sum('process_resident_memory_bytes'),
    logLinesDropped: own('log_lines_dropped_total'),
  };
}

function byLabel(
  samples: readonly Sample[],
  metric: string,
  label: string,
): Readonly<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    const word = labels[label];
    if (name === metric && word !== undefined) values[word] = value;
  }
  return values;
}

/** Makes the text of the screen. */
export function screenOf(status: TradesStatus, url: string): string {
  return rowsText([
    [
      'program',
      `${status.version} at ${url}, up ${duration(status.uptimeSeconds)}${aheadText(status.uptimeSeconds)}`,
    ],
    ['ready', status.ready ? 'yes' : 'NO'],
    ...status.problems.map((problem) => ['', problem] as const),
    ['jobs', `${counts(withoutZeros(status.jobs)) || 'none'}; at most ${whole(status.jobsMax)}`],
    ['trades', `${whole(status.tradesTaken)} taken, over ${whole(status.connections)} connections now`],
    ['accounts', counts(withoutZeros(status.accounts)) || 'none'],
    ['outbox', outboxText(status)],
    ['delivered', deliveredText(status)],
    ...(status.deadLetters > 0
      ? [['', `${whole(status.deadLetters)} DEAD LETTERS: ${COMMAND_NAME} outbox list --state dead`] as const]
      : []),
    ['database', size(status.databaseBytes)],
    ['memory', size(status.memoryBytes)],
    ...(status.logLinesDropped > 0
      ? [['log', `${whole(status.logLinesDropped)} lines could not be written`] as const]
      : []),
  ]);
}

function outboxText({ waiting, oldestSeconds }: TradesStatus): string {
  if (waiting === 0) return 'empty';
  return `${whole(waiting)} summaries wait, the oldest for ${duration(oldestSeconds)}`;
}

function deliveredText({ delivered, lastDeliverySeconds }: TradesStatus): string {
  const last = lastDeliverySeconds === null ? 'none yet' : `the last ${ageText(lastDeliverySeconds)}`;
  return delivered === 0 ? last : `${whole(delivered)}, ${last}`;
}

/** Trades' view for the command `status`. */
export const STATUS_VIEW: StatusView<TradesStatus> = {
  shows: 'readiness, jobs, accounts, outbox, disk and memory',
  startWords: 'trades',
  defaultUrl: 'AGGREGATOR_HOST and AGGREGATOR_PORT',
  ownUrl: ownHttpUrl,
  statusOf,
  screenOf,
};
