// The federation's part of `status`: the numbers of the screen, and the screen. Only `--acknowledge` uses the database,
// as every command does that changes something. No part connects to the broker.

import { firstRows, lastRows, type ProgramStatus, programStatus } from '../../cli/program-status.ts';
import { ageText, counts, rowsText, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { type Sample, sumOf, sumsBy } from '../../lib/prometheus-text.ts';
import { ownHttpUrl } from '../config/own-urls.ts';

/** The numbers of the screen; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface Status extends ProgramStatus {
  readonly mode: string | null;
  readonly catchingUp: boolean;
  readonly nodes: Readonly<Record<string, number>>;
  readonly received: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  readonly lost: number;
  /** Messages missing from the numbers that no operator has acknowledged, over all runs. */
  readonly unacknowledged: Readonly<Record<string, number>>;
  readonly lagSeconds: number;
  readonly pending: number;
  /** Null before the first publication, and with PUBLISH=off. */
  readonly lastPublicationSeconds: number | null;
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): Status {
  // In the order in which --json prints them.
  const { ready, problems, version, uptimeSeconds, ...measured } = programStatus(
    'aggregator',
    readiness,
    samples,
    nowSeconds,
  );
  const sum = (name: string) => sumOf(samples, name);
  const by = (name: string, label: string) => sumsBy(samples, name, label);
  const mode = readiness['mode'];
  const publishedAt = sum('aggregator_last_publish_timestamp_seconds');
  return {
    ready,
    mode: typeof mode === 'string' ? mode : null,
    catchingUp: readiness['catchingUp'] === true,
    problems,
    version,
    uptimeSeconds,
    nodes: by('aggregator_nodes', 'state'),
    received: sum('aggregator_messages_received_total'),
    outcomes: by('aggregator_messages_total', 'outcome'),
    rejected: by('aggregator_messages_rejected_total', 'reason'),
    lost: sum('aggregator_messages_lost_total'),
    unacknowledged: by('aggregator_unacknowledged_messages', 'outcome'),
    lagSeconds: sum('aggregator_ingest_lag_seconds'),
    pending: sum('aggregator_pending_messages'),
    lastPublicationSeconds: publishedAt === 0 ? null : nowSeconds - publishedAt,
    ...measured,
  };
}

/** Makes the text of the screen. */
export function screenOf(status: Status, httpUrl: string): string {
  const { nodes, outcomes, lastPublicationSeconds } = status;
  const mode = status.mode === 'core' ? 'plain NATS' : status.mode === null ? 'no broker' : 'JetStream';
  const age = lastPublicationSeconds === null ? 'none yet' : ageText(lastPublicationSeconds);
  const rows: readonly (readonly [string, string])[] = [
    ...firstRows(status, httpUrl, `, ${mode}${status.catchingUp ? ', catching up' : ''}`),
    ['nodes', counts(nodes)],
    ['received', `${whole(status.received)}${status.lost > 0 ? `, and ${whole(status.lost)} LOST` : ''}`],
    ['outcomes', counts(withoutZeros(outcomes)) || 'none yet'],
    ...(Object.keys(withoutZeros(status.rejected)).length > 0
      ? [['rejected', counts(withoutZeros(status.rejected))] as const]
      : []),
    ['lag', `${status.lagSeconds.toFixed(1)} s, ${whole(status.pending)} waiting in the stream`],
    ['published', age],
    ...lastRows(status),
  ];
  return rowsText(rows);
}

/** The federation's view for the command `status`. */
export const STATUS_VIEW: StatusView<Status> = {
  shows: 'readiness, nodes, messages, statistics, disk and memory',
  startWords: '',
  defaultUrl: 'HTTP_HOST and HTTP_PORT, else http://127.0.0.1:8080',
  ownUrl: ownHttpUrl,
  statusOf,
  screenOf,
  acknowledge: {
    help: 'ends the warning about messages that are missing from the numbers (lost, thrown away, set aside). Prints the numbers found so far, and notes in the database of DB_PATH that you know of them, also while the program is stopped. Later discoveries warn again. The messages stay missing, and no counter falls',
    // Loaded only when needed, so that a health check loads no database code.
    run: async (env, isJson) => (await import('./acknowledge.ts')).acknowledge(env, isJson),
  },
};
