// The metrics of the miners' port, the desk, the proofs, the store and the process, from the view of one moment. No label
// is an address, an account or a machine.

import { NODE_STATES } from '../../lifecycle/node-state.ts';
import {
  buildReading,
  descriptorReading,
  factStoreReadings,
  logReading,
  receiverReadings,
} from '../../metrics/program-readings.ts';
import { counter, gauge, labelled, type Reading, readFrom } from '../../metrics/reading.ts';
import { VERDICTS } from '../domain/facts.ts';
import {
  ARRIVALS,
  CONNECTION_REFUSALS,
  CUT_REASONS,
  INFORMATION_ANSWERS,
  type MiningView,
  PROOF_OUTCOMES,
  REQUEST_KINDS,
  RPC_OUTCOMES,
  UNANSWERED_REASONS,
} from '../domain/view.ts';

const DOOR_READINGS: readonly Reading<MiningView>[] = [
  labelled(
    'gauge',
    'aggregator_mining_machines',
    'Machines by state.',
    'state',
    NODE_STATES,
    ({ machines }) => machines,
  ),
  gauge('aggregator_mining_connections', 'Open connections of miners.', ({ door }) => door.connections),
  gauge(
    'aggregator_mining_connections_limit',
    'Connections of miners that are taken at most.',
    ({ door }) => door.connectionsLimit,
  ),
  labelled(
    'counter',
    'aggregator_mining_connections_refused_total',
    'Connections of miners that were closed at once, by reason.',
    'reason',
    CONNECTION_REFUSALS,
    ({ door }) => door.refusals,
  ),
  labelled(
    'counter',
    'aggregator_mining_requests_total',
    'Requests of miners by their method.',
    'method',
    REQUEST_KINDS,
    ({ door }) => door.requests,
  ),
  {
    name: 'aggregator_mining_answers_total',
    type: 'counter',
    help: 'Requests of miners by their method and the outcome: ok, none, or the code of the error.',
    labels: ['method', 'outcome'],
    read: ({ door }) =>
      REQUEST_KINDS.flatMap((method) =>
        RPC_OUTCOMES.map((outcome) => [{ method, outcome }, door.outcomes[method][outcome] ?? 0] as const),
      ),
  },
  counter(
    'aggregator_mining_bad_requests_total',
    'Requests refused before they were read as JSON-RPC.',
    ({ door }) => door.badRequests,
  ),
  counter(
    'aggregator_mining_large_bodies_total',
    'Requests refused because their body was too large.',
    ({ door }) => door.largeBodies,
  ),
  counter(
    'aggregator_mining_batch_members_total',
    'JSON-RPC requests that came in batches.',
    ({ door }) => door.batchMembers,
  ),
  labelled(
    'counter',
    'aggregator_mining_unauthenticated_requests_total',
    'Requests without a right password, by what they had.',
    'password',
    ['missing', 'wrong'],
    ({ door: { unauthenticated, wrongPasswords } }) => ({
      missing: unauthenticated - wrongPasswords,
      wrong: wrongPasswords,
    }),
  ),
  counter(
    'aggregator_mining_ignored_names_total',
    'Requests whose X-Miner was no name and did not count.',
    ({ door }) => door.ignoredNames,
  ),
  labelled(
    'counter',
    'aggregator_mining_information_answers_total',
    'Answers to questions for the mining information, by what they were made of.',
    'source',
    INFORMATION_ANSWERS,
    ({ door }) => door.informationAnswers,
  ),
  labelled(
    'counter',
    'aggregator_mining_unanswered_requests_total',
    'Requests whose connection was closed without an answer, as the last resort, by reason.',
    'reason',
    UNANSWERED_REASONS,
    ({ door }) => door.unanswered,
  ),
  labelled(
    'counter',
    'aggregator_mining_connections_cut_total',
    'Connections of miners closed although no answer was owed on them, by reason.',
    'reason',
    CUT_REASONS,
    ({ door }) => door.cutConnections,
  ),
];

const DESK_READINGS: readonly Reading<MiningView>[] = [
  counter('aggregator_mining_submissions_total', 'Submissions of miners.', ({ desk }) => desk.submissions),
  labelled(
    'counter',
    'aggregator_mining_arrivals_total',
    'Submissions by what they were when they came.',
    'arrival',
    ARRIVALS,
    ({ desk }) => desk.arrivals,
  ),
  labelled(
    'counter',
    'aggregator_mining_verdicts_total',
    'Verdicts on submissions; a submission can have several, one after the other.',
    'verdict',
    VERDICTS,
    ({ desk }) => desk.verdicts,
  ),
  counter(
    'aggregator_mining_unverified_answers_total',
    'Submissions answered as accepted before their proof was checked.',
    ({ desk }) => desk.answeredUnverified,
  ),
  gauge(
    'aggregator_mining_unanswered_submissions',
    'Submissions that wait for their answer.',
    ({ desk }) => desk.visits,
  ),
  gauge('aggregator_mining_entries', 'Submissions that the desk keeps.', ({ desk }) => desk.entries),
  gauge(
    'aggregator_mining_entries_limit',
    'Submissions that the desk keeps at most.',
    ({ desk }) => desk.entriesLimit,
  ),
  counter(
    'aggregator_mining_entries_crowded_out_total',
    'Submissions that the desk dropped because their address had most of those that it keeps.',
    ({ desk }) => desk.crowdedOut,
  ),
  counter(
    'aggregator_mining_entries_taken_over_total',
    'Submissions that were offered to another upstream with the same block.',
    ({ desk }) => desk.takenOver,
  ),
];

const PROOF_READINGS: readonly Reading<MiningView>[] = [
  {
    name: 'aggregator_mining_proof_workers',
    type: 'gauge',
    help: 'Threads that check proofs, by what they do.',
    labels: ['state'],
    read: ({ proofs: { workers, busyWorkers } }) => [
      [{ state: 'busy' }, busyWorkers],
      [{ state: 'idle' }, Math.max(0, workers - busyWorkers)],
    ],
  },
  gauge('aggregator_mining_proof_queue_checks', 'Checks that wait.', ({ proofs }) => proofs.waiting),
  gauge(
    'aggregator_mining_proof_queue_limit',
    'Checks that wait at most.',
    ({ proofs }) => proofs.waitingLimit,
  ),
  gauge(
    'aggregator_mining_proof_queue_oldest_seconds',
    'Age of the check that waits longest; 0 if none waits.',
    ({ proofs }) => proofs.oldestAgeMs / 1000,
  ),
  labelled(
    'counter',
    'aggregator_mining_proof_checks_total',
    'Checks of proofs by their outcome.',
    'outcome',
    PROOF_OUTCOMES,
    ({ proofs }) => proofs.outcomes,
  ),
  counter(
    'aggregator_mining_proof_checks_joined_total',
    'Submissions that joined a check that was under way.',
    ({ proofs }) => proofs.joined,
  ),
  counter(
    'aggregator_mining_proof_checks_postponed_total',
    'Checks that were put off because too many waited.',
    ({ desk }) => desk.postponed,
  ),
  counter('aggregator_mining_nonces_total', 'Nonces computed.', ({ proofs }) => proofs.nonces),
  gauge(
    'aggregator_mining_addresses_over_budget',
    'Addresses of miners with too many failing proofs of late.',
    ({ proofs }) => proofs.overBudgetAddresses,
  ),
];

const STORE_READINGS: readonly Reading<MiningView>[] = [
  ...readFrom(factStoreReadings('aggregator_mining'), ({ store }: MiningView) => ({
    ...store,
    freeBytes: store.diskFreeBytes,
  })),
  counter(
    'aggregator_mining_unlisted_pairs_total',
    'Times that a pair of account and machine was heard that is not listed because there are too many.',
    ({ store }) => store.unlistedPairs,
  ),
  gauge(
    'aggregator_mining_disk_size_bytes',
    'Size of that file system; 0 if the system does not tell.',
    ({ store }) => store.diskSizeBytes,
  ),
];

const PROCESS_READINGS: readonly Reading<MiningView>[] = [
  gauge(
    'aggregator_mining_alarms_waiting',
    'Alarms that wait for a receiver.',
    ({ alarms }) => alarms.waiting,
  ),
  counter('aggregator_mining_alarms_sent_total', 'Alarms that a receiver took.', ({ alarms }) => alarms.sent),
  counter(
    'aggregator_mining_alarms_dropped_total',
    'Alarms that a receiver never took.',
    ({ alarms }) => alarms.dropped,
  ),
  counter(
    'aggregator_mining_alarm_attempts_failed_total',
    'Attempts to give alarms to a receiver that failed.',
    ({ alarms }) => alarms.failed,
  ),
  ...readFrom(receiverReadings('aggregator_mining'), ({ alarms }: MiningView) => alarms),
  gauge('aggregator_mining_worker_up', '1 while the thread that answers questions runs.', ({ pool }) =>
    pool.isUp ? 1 : 0,
  ),
  gauge(
    'aggregator_mining_worker_queue_questions',
    'Questions that wait for that thread.',
    ({ pool }) => pool.waitingQuestions,
  ),
  gauge(
    'aggregator_mining_open_files_limit',
    'Files that the process may hold open; 0 if the system does not tell.',
    ({ descriptors }) => descriptors.limit ?? 0,
  ),
  ...readFrom([descriptorReading('aggregator_mining')], ({ descriptors }: MiningView) => descriptors),
  ...readFrom([logReading('aggregator_mining')], ({ logLoss }: MiningView) => logLoss),
  buildReading('aggregator_mining'),
];

/** All counters and gauges of the view but those of the upstreams. */
export const VIEW_READINGS: readonly Reading<MiningView>[] = [
  ...DOOR_READINGS,
  ...DESK_READINGS,
  ...PROOF_READINGS,
  ...STORE_READINGS,
  ...PROCESS_READINGS,
];
