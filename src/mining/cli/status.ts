// Mining's part of `status`: the numbers of the screen, and the screen. It asks the running program, and opens no
// database.

import { firstRows, lastRows, type ProgramStatus, programStatus } from '../../cli/program-status.ts';
import { counts, rowsText, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { reachedAt } from '../../lib/own-address.ts';
import { type Sample, sumOf, sumsBy } from '../../lib/prometheus-text.ts';
import { sizeText } from '../domain/capacity.ts';
import { readGiven, SETTINGS_OPTIONS } from './settings-options.ts';

/** One upstream on the screen. */
export interface UpstreamStatus {
  readonly name: string;
  readonly state: string;
  readonly isActive: boolean;
  /** Submissions that it has not taken yet. */
  readonly waiting: number;
  /** Things that an operator must do something about. */
  readonly alarms: number;
}

/** The numbers of the screen; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface MiningStatus extends ProgramStatus {
  readonly machines: number;
  readonly connections: number;
  readonly capacityBytes: number;
  readonly submissions: number;
  /** A submission can have several, one after the other. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly upstreams: readonly UpstreamStatus[];
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): MiningStatus {
  // In the order in which --json prints them.
  const { ready, problems, version, uptimeSeconds, ...measured } = programStatus(
    'aggregator_mining',
    readiness,
    samples,
    nowSeconds,
  );
  const sum = (name: string) => sumOf(samples, name);
  return {
    ready,
    problems,
    version,
    uptimeSeconds,
    machines: sum('aggregator_mining_active_machines'),
    connections: sum('aggregator_mining_connections'),
    capacityBytes: sum('aggregator_mining_capacity_bytes'),
    submissions: sum('aggregator_mining_submissions_total'),
    verdicts: sumsBy(samples, 'aggregator_mining_verdicts_total', 'verdict'),
    upstreams: upstreamsOf(samples),
    ...measured,
  };
}

function upstreamsOf(samples: readonly Sample[]): readonly UpstreamStatus[] {
  const states = samples.filter(
    ({ name, value }) => name === 'aggregator_mining_upstream_state' && value === 1,
  );
  return states.map(({ labels }) => {
    const name = labels['upstream'] ?? '';
    const valueOf = (metric: string) =>
      samples.find((sample) => sample.name === metric && sample.labels['upstream'] === name)?.value ?? 0;
    return {
      name,
      state: labels['state'] ?? 'unknown',
      isActive: valueOf('aggregator_mining_upstream_active') === 1,
      waiting: valueOf('aggregator_mining_delivery_waiting_submissions'),
      alarms: valueOf('aggregator_mining_upstream_alarms'),
    };
  });
}

/** Makes the text of the screen. */
export function screenOf(status: MiningStatus, url: string): string {
  return rowsText([
    ...firstRows(status, url),
    ['miners', `${whole(status.machines)} machines, ${whole(status.connections)} connections`],
    ['capacity', sizeText(BigInt(Math.floor(status.capacityBytes)))],
    ['submitted', whole(status.submissions)],
    ['verdicts', counts(withoutZeros(status.verdicts)) || 'none yet'],
    ...status.upstreams.map((upstream) => ['upstream', upstreamText(upstream)] as const),
    ...lastRows(status),
  ]);
}

function upstreamText({ name, state, isActive, waiting, alarms }: UpstreamStatus): string {
  const parts = [
    `${name}: ${state}`,
    ...(isActive ? ['miners are served from it'] : []),
    ...(waiting > 0 ? [`${whole(waiting)} submissions wait for it`] : []),
    ...(alarms > 0 ? ['it needs its OPERATOR: the dashboard says why'] : []),
  ];
  return parts.join(', ');
}

/** Mining's view for the command `status`. */
export const STATUS_VIEW: StatusView<MiningStatus> = {
  shows: 'readiness, miners, verdicts, upstreams, disk and memory',
  startWords: 'mining',
  defaultUrl: 'dashboard.listen_address of the settings file; without a dashboard, listen_address',
  settingsOptions: SETTINGS_OPTIONS,
  ownUrl(env, given) {
    const { config } = readGiven(env, given);
    // The miners' port gives loopback the same answers.
    const { host, port } = config.dashboard?.listen ?? config.listen;
    const scheme = config.dashboard === null && config.tls !== null ? 'https' : 'http';
    return `${scheme}://${host === 'localhost' ? '127.0.0.1' : reachedAt(host)}:${port}`;
  },
  statusOf,
  screenOf,
};
