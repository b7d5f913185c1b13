// Trades' part of `status`: the numbers of the screen, and the screen. It asks the running program, and opens no database.

import { firstRows, lastRows, type ProgramStatus, programStatus } from '../../cli/program-status.ts';
import { ageText, counts, duration, rowsText, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { counted } from '../../lib/counted.ts';
import { type Sample, sumOf, sumsBy } from '../../lib/prometheus-text.ts';
import { ownHttpUrl } from '../config/own-url.ts';

/** The numbers of the screen; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface TradesStatus extends ProgramStatus {
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
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): TradesStatus {
  // In the order in which --json prints them.
  const { ready, problems, version, uptimeSeconds, ...measured } = programStatus(
    'aggregator_trades',
    readiness,
    samples,
    nowSeconds,
  );
  const own = (name: string) => sumOf(samples, `aggregator_trades_${name}`);
  const lastSeconds = own('last_delivery_timestamp_seconds');
  return {
    ready,
    problems,
    version,
    uptimeSeconds,
    jobs: sumsBy(samples, 'aggregator_trades_jobs', 'status'),
    jobsMax: own('jobs_limit'),
    connections: own('connections'),
    tradesTaken: own('taken_total'),
    accounts: sumsBy(samples, 'aggregator_trades_accounts', 'state'),
    waiting: own('outbox_summaries'),
    oldestSeconds: own('outbox_oldest_seconds'),
    deadLetters: own('dead_letters'),
    delivered: own('delivered_total'),
    lastDeliverySeconds: lastSeconds === 0 ? null : nowSeconds - lastSeconds,
    ...measured,
  };
}

/** Makes the text of the screen. */
export function screenOf(status: TradesStatus, url: string): string {
  return rowsText([
    ...firstRows(status, url),
    ['jobs', `${counts(withoutZeros(status.jobs)) || 'none'}; at most ${whole(status.jobsMax)}`],
    ['trades', `${whole(status.tradesTaken)} taken, over ${counted(status.connections, 'connection')} now`],
    ['accounts', counts(withoutZeros(status.accounts)) || 'none'],
    ['outbox', outboxText(status)],
    ['delivered', deliveredText(status)],
    ...(status.deadLetters > 0
      ? [
          [
            '',
            `${counted(status.deadLetters, 'DEAD LETTER', 'DEAD LETTERS')}: ${COMMAND_NAME} outbox list --state dead`,
          ] as const,
        ]
      : []),
    ...lastRows(status),
  ]);
}

function outboxText({ waiting, oldestSeconds }: TradesStatus): string {
  if (waiting === 0) return 'empty';
  return `${counted(waiting, 'summary waits', 'summaries wait')}, the oldest for ${duration(oldestSeconds)}`;
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
