// The metrics of the agent's facts, messages, sources, connection, statistics and state, from the view of one moment. No
// label is a file, a node or an id. Every series exists from the start.

import { buildReading, logReading } from '../../metrics/program-readings.ts';
import { counter, gauge, labelled, type Reading, readFrom, type SeriesValue } from '../../metrics/reading.ts';
import { FACT_TYPES, PRESENCE_TYPES } from '../domain/messages.ts';
import { STATISTICS_OUTCOMES } from '../domain/network-statistics.ts';
import { SOURCE_KINDS, type SourceKind, UNREAD_REASONS } from '../domain/source-facts.ts';
import type { AgentView } from '../domain/view.ts';

/** The view, with the time at which it is read, and the version of the program. */
export interface AgentMoment extends AgentView {
  readonly version: string;
  readonly nowMs: number;
}

const FACT_KINDS = ['received', 'completed', 'invoice'] as const;
const FACT_OUTCOMES = ['known', 'remembered', 'queued'] as const;
const MESSAGE_OUTCOMES = ['confirmed', 'unconfirmed', 'set_aside', 'forbidden'] as const;
/** The problems of sources that have a series from the start. */
const PROBLEMS = ['damaged', 'unreadable', 'too_long', 'rotated_away'] as const;

/** All combinations of the words of several labels. */
function combinations(
  labels: Readonly<Record<string, readonly string[]>>,
): readonly Record<string, string>[] {
  let sets: readonly Record<string, string>[] = [{}];
  for (const [name, words] of Object.entries(labels))
    sets = sets.flatMap((set) => words.map((word) => ({ ...set, [name]: word })));
  return sets;
}

/** One series for each combination: its count, or 0. Several counts of the same labels are summed. */
function series(
  labels: Readonly<Record<string, readonly string[]>>,
  counts: readonly (Readonly<Record<string, string | number>> & { readonly count: number })[],
): readonly SeriesValue[] {
  const names = Object.keys(labels);
  return combinations(labels).map((set) => {
    const same = counts.filter((one) => names.every((name) => one[name] === set[name]));
    return [set, same.reduce((sum, { count }) => sum + count, 0)];
  });
}

const WORK_READINGS: readonly Reading<AgentMoment>[] = [
  {
    name: 'agent_facts_total',
    type: 'counter',
    help: 'Facts that the sources showed, by kind, source and what became of them.',
    labels: ['kind', 'source', 'outcome'],
    read: ({ factCounts }) =>
      series(
        { kind: FACT_KINDS, source: SOURCE_KINDS, outcome: FACT_OUTCOMES },
        factCounts.map((one) => ({ ...one })),
      ),
  },
  {
    name: 'agent_unread_total',
    type: 'counter',
    help: 'Records and log entries that gave no fact, by source and reason.',
    labels: ['source', 'reason'],
    read: ({ unreadCounts }) =>
      series(
        { source: SOURCE_KINDS, reason: UNREAD_REASONS },
        unreadCounts.map((one) => ({ ...one })),
      ),
  },
  {
    name: 'agent_messages_total',
    type: 'counter',
    help: 'Messages that were sent or set aside, by type and outcome.',
    labels: ['type', 'outcome'],
    read: ({ messageCounts }) =>
      series(
        { type: [...FACT_TYPES, ...PRESENCE_TYPES], outcome: MESSAGE_OUTCOMES },
        messageCounts.map((one) => ({ ...one })),
      ),
  },
  gauge('agent_outbox_messages', 'Messages that wait to be sent.', ({ waiting }) => waiting),
  gauge(
    'agent_outbox_limit_messages',
    'Messages in the outbox beyond which the sources are read no further.',
    ({ queueMax }) => queueMax,
  ),
  gauge(
    'agent_completions_waiting',
    'Completed tasks that wait for the metrics in the log.',
    ({ awaitingMetrics }) => awaitingMetrics,
  ),
  labelled(
    'gauge',
    'agent_tasks',
    'Executions that the node is known to have, by state; total is all of them.',
    'state',
    ['active', 'received', 'completed', 'failed', 'total'],
    ({ counts }) => counts,
  ),
  gauge('agent_invoices', 'Invoices that the node is known to have.', ({ counts }) => counts.invoices),
];

/** One series for each kind of source. */
function bySource(view: AgentView, read: (status: AgentView['sources'][number]) => number) {
  return SOURCE_KINDS.map((source): SeriesValue => {
    const status = view.sources.find((one) => one.source === source);
    return [{ source }, status === undefined ? 0 : read(status)];
  });
}

const SOURCE_READINGS: readonly Reading<AgentMoment>[] = [
  {
    name: 'agent_source_readable',
    type: 'gauge',
    help: '1 while at least one file of the source can be read.',
    labels: ['source'],
    read: (view) => bySource(view, ({ isReadable }) => (isReadable ? 1 : 0)),
  },
  {
    name: 'agent_source_bytes_behind',
    type: 'gauge',
    help: 'Bytes of the source that are not read yet; of compressed files an estimate.',
    labels: ['source'],
    read: (view) => bySource(view, ({ bytesBehind }) => bytesBehind),
  },
  {
    name: 'agent_source_problems_total',
    type: 'counter',
    help: 'Problems with the files of the source, by kind.',
    labels: ['source', 'problem'],
    read: (view) => SOURCE_KINDS.flatMap((source) => problemSeries(view, source)),
  },
];

function problemSeries({ sources }: AgentView, source: SourceKind): readonly SeriesValue[] {
  const found = sources.find((one) => one.source === source)?.problems ?? {};
  const counts = { ...Object.fromEntries(PROBLEMS.map((problem) => [problem, 0])), ...found };
  return Object.entries(counts).map(([problem, count]) => [{ source, problem }, count]);
}

const LINK_READINGS: readonly Reading<AgentMoment>[] = [
  gauge(
    'agent_enabled',
    '0 if the node has opted out of the federation: nothing is sent.',
    ({ isEnabled }) => (isEnabled ? 1 : 0),
  ),
  gauge('agent_broker_connected', '1 while the agent is connected to the broker.', ({ link }) =>
    link.isConnected ? 1 : 0,
  ),
  counter(
    'agent_broker_reconnections_total',
    'Connections to the broker after the first.',
    ({ link }) => link.reconnections,
  ),
  gauge(
    'agent_breaker_open',
    '1 while nothing but one trial heartbeat is sent, because sending failed five times in a row.',
    ({ link }) => (link.breaker === 'closed' ? 0 : 1),
  ),
  gauge('agent_salt_known', '1 while a salt is known, without which no task is reported.', ({ link }) =>
    link.saltFrom === null ? 0 : 1,
  ),
  gauge('agent_joined', '1 if the aggregator has answered the request to join.', ({ link }) =>
    link.hasJoined ? 1 : 0,
  ),
  gauge(
    'agent_rate_limit_per_minute',
    'Messages that may leave in a minute.',
    ({ link }) => link.ratePerMinute,
  ),
  gauge(
    'agent_last_heartbeat_timestamp_seconds',
    'Unix time at which the broker last confirmed a heartbeat; 0 before the first.',
    ({ link }) => (link.lastHeartbeatMs ?? 0) / 1000,
  ),
];

const STATISTICS_READINGS: readonly Reading<AgentMoment>[] = [
  gauge('agent_statistics_known', '1 if statistics of the network are shown.', ({ statistics }) =>
    statistics === null ? 0 : 1,
  ),
  gauge(
    'agent_statistics_age_seconds',
    'Time since the latest statistics were published; before the first, time since the start.',
    ({ statistics, startedMs, nowMs }) => (nowMs - (statistics?.publishedMs ?? startedMs)) / 1000,
  ),
  labelled(
    'counter',
    'agent_statistics_total',
    'Messages with statistics, by what became of them.',
    'outcome',
    STATISTICS_OUTCOMES,
    ({ statisticsCounts }) => statisticsCounts,
  ),
  gauge(
    'agent_statistics_other_key',
    '1 while another key than the pinned one signs statistics, which are refused.',
    ({ isOtherKeyOffered }) => (isOtherKeyOffered ? 1 : 0),
  ),
];

const PROGRAM_READINGS: readonly Reading<AgentMoment>[] = [
  gauge('agent_state_writable', '1 while the state can be written.', ({ stateProblem }) =>
    stateProblem === null ? 1 : 0,
  ),
  gauge('agent_db_size_bytes', 'Size of the state on disk.', ({ databaseBytes }) => databaseBytes),
  ...readFrom([logReading('agent')], ({ logLinesDropped }: AgentMoment) => ({ lines: logLinesDropped })),
  buildReading('agent'),
];

/** All counters and gauges of the view. */
export const VIEW_READINGS: readonly Reading<AgentMoment>[] = [
  ...WORK_READINGS,
  ...SOURCE_READINGS,
  ...LINK_READINGS,
  ...STATISTICS_READINGS,
  ...PROGRAM_READINGS,
];
