// Mining's part of `status`: the numbers of the screen, and the screen. It asks the running program, and opens no
// database.

import { aheadText, counts, duration, rowsText, size, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { reachedAt } from '../../lib/own-address.ts';
import type { Sample } from '../../lib/prometheus-text.ts';
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
export interface MiningStatus {
  readonly ready: boolean;
  readonly problems: readonly string[];
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly machines: number;
  readonly connections: number;
  readonly capacityBytes: number;
  readonly submissions: number;
  /** A submission can have several, one after the other. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly upstreams: readonly UpstreamStatus[];
  readonly databaseBytes: number;
  readonly memoryBytes: number;
  readonly logLinesDropped: number;
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): MiningStatus {
  const sum = (name: string) =>
    samples.reduce((total, sample) => (sample.name === name ? total + sample.value : total), 0);
  const verdicts: Record<string, number> = {};
  for (const { name, labels, value } of samples) {
    const verdict = labels['verdict'];
    if (name !== 'aggregator_mining_verdicts_total' || verdict === undefined) continue;
    verdicts[verdict] = (verdicts[verdict] ?? 0) + value;
  }
  return {
    ready: readiness.status === 'ready',
    problems: Object.entries(readiness.components)
      .filter(([, { ok, reason }]) => !ok || reason !== undefined)
      .map(([name, { reason }]) => `${name}: ${reason ?? 'not well'}`),
    version:
      samples.find(({ name }) => name === 'aggregator_mining_build_info')?.labels['version'] ?? 'unknown',
    uptimeSeconds: nowSeconds - sum('process_start_time_seconds'),
    machines: sum('aggregator_mining_active_machines'),
    connections: sum('aggregator_mining_connections'),
    capacityBytes: sum('aggregator_mining_capacity_bytes'),
    submissions: sum('aggregator_mining_submissions_total'),
    verdicts,
    upstreams: upstreamsOf(samples),
    databaseBytes: sum('aggregator_mining_db_size_bytes'),
    memoryBytes: sum('process_resident_memory_bytes'),
    logLinesDropped: sum('aggregator_mining_log_lines_dropped_total'),
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
    [
      'program',
      `${status.version} at ${url}, up ${duration(status.uptimeSeconds)}${aheadText(status.uptimeSeconds)}`,
    ],
    ['ready', status.ready ? 'yes' : 'NO'],
    ...status.problems.map((problem) => ['', problem] as const),
    ['miners', `${whole(status.machines)} machines, ${whole(status.connections)} connections`],
    ['capacity', sizeText(BigInt(Math.floor(status.capacityBytes)))],
    ['submitted', whole(status.submissions)],
    ['verdicts', counts(withoutZeros(status.verdicts)) || 'none yet'],
    ...status.upstreams.map((upstream) => ['upstream', upstreamText(upstream)] as const),
    ['database', size(status.databaseBytes)],
    ['memory', size(status.memoryBytes)],
    ...(status.logLinesDropped > 0
      ? [['log', `${whole(status.logLinesDropped)} lines could not be written`] as const]
      : []),
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
