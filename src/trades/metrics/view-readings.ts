// The metrics of the jobs, their WebSocket, the outbox, the store and the program, from the view of one moment. No label
// is a client, an exchange, a symbol or a job, and no value is a price, a size or a volume.

import { FAILURE_OUTCOMES } from '../../actors/restart.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import {
  buildReading,
  factStoreReadings,
  descriptorReading,
  logReading,
} from '../../metrics/program-readings.ts';
import { counter, gauge, labelled, type Reading, readFrom } from '../../metrics/reading.ts';
import type { TradesView } from '../domain/view.ts';

const JOB_READINGS: readonly Reading<TradesView>[] = [
  labelled(
    'gauge',
    'aggregator_trades_jobs',
    'Jobs by status; expired ones are gone.',
    'status',
    ['collecting', 'processing', 'completed', 'failed'],
    ({ jobs }) => jobs.byStatus,
  ),
  gauge('aggregator_trades_jobs_limit', 'Jobs that are kept at most.', ({ jobs }) => jobs.jobsMax),
  counter('aggregator_trades_jobs_opened_total', 'Jobs that were opened.', ({ jobs }) => jobs.opened),
  counter(
    'aggregator_trades_jobs_refused_total',
    'Jobs that were refused because there were too many.',
    ({ jobs }) => jobs.refused,
  ),
  counter('aggregator_trades_jobs_expired_total', 'Jobs whose time ran out.', ({ jobs }) => jobs.expired),
  labelled(
    'gauge',
    'aggregator_trades_nodes',
    'Actors of jobs by state.',
    'state',
    NODE_STATES,
    ({ nodes }) => nodes,
  ),
  labelled(
    'counter',
    'aggregator_trades_node_transitions_total',
    'Changes of state of the actors of jobs, by the new state.',
    'state',
    NODE_STATES,
    ({ jobs }) => jobs.transitions,
  ),
  labelled(
    'counter',
    'aggregator_trades_actor_failures_total',
    'Failures of actors, by what became of the actor.',
    'outcome',
    FAILURE_OUTCOMES,
    ({ jobs }) => jobs.actorFailures,
  ),
  counter('aggregator_trades_taken_total', 'Trades that jobs took.', ({ jobs }) => jobs.taken),
  counter(
    'aggregator_trades_repeated_total',
    'Trades that came again with the same id and counted once.',
    ({ jobs }) => jobs.repeated,
  ),
  labelled(
    'counter',
    'aggregator_trades_not_taken_total',
    'Trades that jobs did not take, by reason.',
    'reason',
    ['too_many', 'not_collecting'],
    ({ jobs }) => jobs.notTaken,
  ),
  gauge(
    'aggregator_trades_held_bytes',
    'Memory that trades take until they are folded.',
    ({ jobs }) => jobs.heldBytes,
  ),
  gauge(
    'aggregator_trades_held_limit_bytes',
    'Memory that trades may take at most.',
    ({ jobs }) => jobs.heldBytesMax,
  ),
  counter(
    'aggregator_trades_folded_total',
    'Trades that were folded into hourly buckets.',
    ({ jobs }) => jobs.folded,
  ),
  gauge(
    'aggregator_trades_sealing_jobs',
    'Jobs that are being folded, signed or stored, or wait for it.',
    ({ jobs }) => jobs.sealing,
  ),
  counter(
    'aggregator_trades_seal_retries_total',
    'Failed attempts to fold, sign or store a job, which are made again.',
    ({ jobs }) => jobs.sealRetries,
  ),
  counter(
    'aggregator_trades_unsealable_total',
    'Jobs of whose trades no summary could be made.',
    ({ jobs }) => jobs.unsealable,
  ),
  gauge(
    'aggregator_trades_waiting_calls',
    'Calls that wait for a summary or for its delivery.',
    ({ jobs }) => jobs.waitingCalls,
  ),
  gauge(
    'aggregator_trades_waiting_calls_limit',
    'Such calls that wait at most.',
    ({ jobs }) => jobs.waitingCallsMax,
  ),
];

const SOCKET_READINGS: readonly Reading<TradesView>[] = [
  gauge('aggregator_trades_socket_listening', '1 while the WebSocket of the jobs listens.', ({ socket }) =>
    socket.isListening ? 1 : 0,
  ),
  gauge(
    'aggregator_trades_connections',
    'Open connections to the WebSocket.',
    ({ socket }) => socket.connections,
  ),
  gauge(
    'aggregator_trades_connections_limit',
    'Connections to the WebSocket that are taken at most.',
    ({ socket }) => socket.connectionsMax,
  ),
  counter(
    'aggregator_trades_connections_refused_total',
    'Connections to the WebSocket that were refused because there were too many.',
    ({ socket }) => socket.refusedConnections,
  ),
  counter('aggregator_trades_frames_total', 'Frames of clients.', ({ socket }) => socket.frames),
  counter(
    'aggregator_trades_received_bytes_total',
    'Bytes of the frames of clients.',
    ({ socket }) => socket.bytes,
  ),
  gauge(
    'aggregator_trades_unsent_answer_bytes',
    'Bytes of answers that wait for clients of the WebSocket.',
    ({ socket }) => socket.unsentBytes,
  ),
  labelled(
    'counter',
    'aggregator_trades_socket_errors_total',
    'Answers of the kind error at the WebSocket, by reason.',
    'reason',
    ['invalid_json', 'unknown_type', 'invalid_trade', 'not_collecting', 'too_many'],
    ({ socket }) => socket.errors,
  ),
  labelled(
    'counter',
    'aggregator_trades_connections_closed_total',
    'Connections that the WebSocket closed, by reason.',
    'reason',
    ['bad_path', 'unknown_job', 'job_ended', 'too_big', 'protocol', 'slow_reader', 'silent'],
    ({ socket }) => socket.closed,
  ),
];

const OUTBOX_READINGS: readonly Reading<TradesView>[] = [
  gauge(
    'aggregator_trades_outbox_summaries',
    'Summaries that are not delivered yet.',
    ({ outbox }) => outbox.waiting,
  ),
  gauge(
    'aggregator_trades_outbox_bytes',
    'Size of the outbox, dead letters included.',
    ({ outbox }) => outbox.heldBytes,
  ),
  gauge(
    'aggregator_trades_outbox_limit_bytes',
    'Size of the outbox beyond which no job is processed.',
    ({ outbox }) => outbox.bytesMax,
  ),
  gauge(
    'aggregator_trades_outbox_under_way',
    'Summaries that are being sent to the backend.',
    ({ outbox }) => outbox.underWay,
  ),
  gauge(
    'aggregator_trades_outbox_oldest_seconds',
    'Age of the oldest summary that is not delivered yet; 0 if none waits.',
    ({ outbox }) => outbox.oldestAgeMs / 1000,
  ),
  gauge(
    'aggregator_trades_dead_letters',
    'Summaries that the backend refused for good and that nobody has replayed.',
    ({ outbox }) => outbox.deadLetters,
  ),
  gauge(
    'aggregator_trades_backend_accepting',
    '1 while the backend takes summaries, or was not asked yet.',
    ({ outbox }) => (outbox.problem === null ? 1 : 0),
  ),
  counter(
    'aggregator_trades_delivered_total',
    'Summaries that the backend has taken.',
    ({ outbox }) => outbox.delivered,
  ),
  counter(
    'aggregator_trades_dead_total',
    'Summaries that the backend refused for good.',
    ({ outbox }) => outbox.dead,
  ),
  counter(
    'aggregator_trades_replayed_total',
    'Dead letters that an operator put back into the outbox.',
    ({ outbox }) => outbox.replayed,
  ),
  labelled(
    'counter',
    'aggregator_trades_delivery_attempts_total',
    'Attempts to deliver a summary, by how they ended.',
    'outcome',
    ['delivered', 'repeated', 'retried', 'dead'],
    ({ outbox }) => outbox.attempts,
  ),
  gauge(
    'aggregator_trades_last_delivery_timestamp_seconds',
    'Unix time at which the backend took the latest summary; 0 if it took none.',
    ({ outbox }) => (outbox.lastDeliveredAtMs ?? 0) / 1000,
  ),
];

const STORE_READINGS: readonly Reading<TradesView>[] = [
  ...readFrom(factStoreReadings('aggregator_trades'), ({ store }: TradesView) => store),
  gauge('aggregator_trades_database_readable', '1 while questions to the database are answered.', (view) =>
    view.readProblem === null ? 1 : 0,
  ),
  counter(
    'aggregator_trades_facts_unstorable_total',
    'Facts that the database refused for good.',
    ({ store }) => store.unstorableFacts,
  ),
];

const PROGRAM_READINGS: readonly Reading<TradesView>[] = [
  ...readFrom([descriptorReading('aggregator_trades')], ({ descriptors }: TradesView) => descriptors),
  ...readFrom([logReading('aggregator_trades')], ({ logLoss }: TradesView) => logLoss),
  buildReading('aggregator_trades'),
];

/** All counters and gauges of the view, except those of the accounts. */
export const VIEW_READINGS: readonly Reading<TradesView>[] = [
  ...JOB_READINGS,
  ...SOCKET_READINGS,
  ...OUTBOX_READINGS,
  ...STORE_READINGS,
  ...PROGRAM_READINGS,
];
