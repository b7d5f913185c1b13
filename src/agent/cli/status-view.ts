// The agent's part of `status`: the numbers of the screen, and the screen. It asks the running program, and opens no
// database.

import { firstRows, lastRows, type ProgramStatus, programStatus } from '../../cli/program-status.ts';
import { ageText, counts, rowsText, size, whole, withoutZeros } from '../../cli/screen.ts';
import type { Readiness, StatusView } from '../../cli/status.ts';
import { counted } from '../../lib/counted.ts';
import { type Sample, sumOf, sumsBy } from '../../lib/prometheus-text.ts';

/** The numbers of the screen; counts are since the start of the process, times in seconds, sizes in bytes. */
export interface AgentStatus extends ProgramStatus {
  readonly nodeId: string;
  readonly isConnected: boolean;
  readonly tasks: Readonly<Record<string, number>>;
  readonly invoices: number;
  /** Facts of the sources by what became of them. */
  readonly facts: Readonly<Record<string, number>>;
  readonly waiting: number;
  readonly waitingMax: number;
  /** Messages by outcome. */
  readonly messages: Readonly<Record<string, number>>;
  /** By source: 1 if at least one of its files can be read. */
  readonly readable: Readonly<Record<string, number>>;
  readonly bytesBehind: Readonly<Record<string, number>>;
  /** Since the broker last confirmed a heartbeat; null if it confirmed none. */
  readonly heartbeatSeconds: number | null;
  /** Since the latest statistics were published; null if none came. */
  readonly statisticsSeconds: number | null;
}

/** Makes the numbers of the screen from two answers of the program. */
export function statusOf(readiness: Readiness, samples: readonly Sample[], nowSeconds: number): AgentStatus {
  // In the order in which --json prints them.
  const { ready, problems, version, uptimeSeconds, ...measured } = programStatus(
    'agent',
    readiness,
    samples,
    nowSeconds,
  );
  const own = (name: string) => sumOf(samples, `agent_${name}`);
  const heartbeat = own('last_heartbeat_timestamp_seconds');
  const isShown = own('statistics_known') === 1;
  return {
    ready,
    problems,
    version,
    uptimeSeconds,
    nodeId: typeof readiness['nodeId'] === 'string' ? readiness['nodeId'] : 'unknown',
    isConnected: own('broker_connected') === 1,
    tasks: sumsBy(samples, 'agent_tasks', 'state'),
    invoices: own('invoices'),
    facts: sumsBy(samples, 'agent_facts_total', 'outcome'),
    waiting: own('outbox_messages'),
    waitingMax: own('outbox_limit_messages'),
    messages: sumsBy(samples, 'agent_messages_total', 'outcome'),
    readable: sumsBy(samples, 'agent_source_readable', 'source'),
    bytesBehind: sumsBy(samples, 'agent_source_bytes_behind', 'source'),
    heartbeatSeconds: heartbeat === 0 ? null : nowSeconds - heartbeat,
    statisticsSeconds: isShown ? own('statistics_age_seconds') : null,
    ...measured,
  };
}

/** Makes the text of the screen. */
export function screenOf(status: AgentStatus, url: string): string {
  const { tasks, waiting, waitingMax, heartbeatSeconds, statisticsSeconds } = status;
  const heartbeat =
    heartbeatSeconds === null
      ? 'no heartbeat confirmed yet'
      : `last confirmed heartbeat ${ageText(heartbeatSeconds)}`;
  return rowsText([
    ...firstRows(status, url),
    ['node', status.nodeId],
    ['broker', `${status.isConnected ? 'connected' : 'AWAY'}, ${heartbeat}`],
    [
      'tasks',
      `${whole(tasks['total'] ?? 0)}, active ${whole(tasks['active'] ?? 0)}; ${counted(status.invoices, 'invoice')}`,
    ],
    ['facts', counts(withoutZeros(status.facts)) || 'none since the start'],
    ['sources', sourcesText(status)],
    [
      'outbox',
      waiting === 0
        ? 'empty'
        : `${counted(waiting, 'message waits', 'messages wait')} of at most ${whole(waitingMax)}`,
    ],
    ['messages', counts(withoutZeros(status.messages)) || 'none since the start'],
    ['statistics', statisticsSeconds === null ? 'none yet' : `published ${ageText(statisticsSeconds)}`],
    ...lastRows(status),
  ]);
}

function sourcesText({ readable, bytesBehind }: AgentStatus): string {
  const shown = Object.keys(withoutZeros(readable)).map((source) => {
    const behind = bytesBehind[source] ?? 0;
    return `${source} ${behind === 0 ? 'read to the end' : `${sizeText(behind)} behind`}`;
  });
  return shown.join(', ') || 'NONE can be read';
}

function sizeText(bytes: number): string {
  return bytes < 100_000 ? counted(bytes, 'byte') : size(bytes);
}

/** The agent's view for the command `status`; `ownUrl` reads its address from the settings. */
export function statusView(ownUrl: StatusView['ownUrl']): StatusView<AgentStatus> {
  return {
    shows: 'readiness, the node, its sources, messages and statistics, disk and memory',
    startWords: 'agent',
    defaultUrl: 'HOST and PORT',
    ownUrl,
    statusOf,
    screenOf,
  };
}
