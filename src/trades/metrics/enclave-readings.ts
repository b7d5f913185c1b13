// The metrics of the accounts and of the enclave that polls them. What the enclave counts comes over its link, without
// symbols and amounts, and begins anew when the enclave does.

import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { counter, gauge, labelled, type Reading, readFrom } from '../../metrics/reading.ts';
import type { EnclaveCounters } from '../domain/enclave-link.ts';
import type { AccountsView, LinkView, TradesView } from '../domain/view.ts';

const ACCOUNT_READINGS: readonly Reading<AccountsView>[] = [
  labelled(
    'gauge',
    'aggregator_trades_accounts',
    'Exchange accounts by state; 0 without an enclave.',
    'state',
    NODE_STATES,
    (accounts) => accounts,
  ),
  gauge(
    'aggregator_trades_accounts_known',
    'Accounts that the enclave told or the database remembers.',
    ({ known }) => known,
  ),
  gauge(
    'aggregator_trades_accounts_stranded',
    'Accounts that cannot continue, because another seal key sealed their state.',
    ({ stranded }) => stranded,
  ),
  gauge(
    'aggregator_trades_enclave_linked',
    '1 while the enclave is linked; 0 also if none belongs to this service.',
    ({ isLinked }) => (isLinked === true ? 1 : 0),
  ),
];

const LINK_READINGS: readonly Reading<LinkView>[] = [
  counter('aggregator_trades_enclave_links_total', 'Links to the enclave that began.', ({ links }) => links),
  counter(
    'aggregator_trades_enclave_rubbish_total',
    'Links that ended because the enclave sent what is no message.',
    ({ rubbish }) => rubbish,
  ),
  counter(
    'aggregator_trades_polled_stored_total',
    'Summaries of accounts that were stored.',
    ({ stored }) => stored,
  ),
  counter(
    'aggregator_trades_polled_repeated_total',
    'Summaries of accounts that came again and were stored once.',
    ({ repeated }) => repeated,
  ),
  counter(
    'aggregator_trades_polled_refused_total',
    'Summaries of accounts that were not what they must be.',
    ({ refused }) => refused,
  ),
  counter(
    'aggregator_trades_checkpoints_refused_total',
    'States of accounts that were not stored, because too many accounts have one.',
    ({ refusedCheckpoints }) => refusedCheckpoints,
  ),
];

/** What the enclave counts, wherever it is read. */
export const COUNTER_READINGS: readonly Reading<EnclaveCounters>[] = [
  labelled(
    'counter',
    'aggregator_enclave_polls_total',
    'Polls of accounts, by whether they found new trades.',
    'outcome',
    ['new', 'empty', 'failed'],
    ({ polls }) => polls,
  ),
  counter('aggregator_enclave_requests_total', 'Requests to exchanges.', ({ requests }) => requests),
  counter(
    'aggregator_enclave_requests_failed_total',
    'Requests to exchanges that failed.',
    ({ requestsFailed }) => requestsFailed,
  ),
  counter(
    'aggregator_enclave_rate_limit_pauses_total',
    'Pauses of all accounts of an exchange because it asked for one.',
    ({ rateLimitPauses }) => rateLimitPauses,
  ),
  counter(
    'aggregator_enclave_market_downloads_total',
    'Downloads of the markets of an exchange.',
    ({ marketDownloads }) => marketDownloads,
  ),
  counter('aggregator_enclave_fills_total', 'Trades that were taken.', ({ fills }) => fills),
  counter(
    'aggregator_enclave_fills_repeated_total',
    'Trades that came again and counted once.',
    ({ fillsRepeated }) => fillsRepeated,
  ),
  counter(
    'aggregator_enclave_fills_late_total',
    'Trades that came after their hour was sealed.',
    ({ fillsLate }) => fillsLate,
  ),
  counter(
    'aggregator_enclave_fills_too_old_total',
    'Trades that came so late that no summary has them.',
    ({ fillsTooOld }) => fillsTooOld,
  ),
  counter('aggregator_enclave_summaries_total', 'Summaries that were signed.', ({ summaries }) => summaries),
  counter(
    'aggregator_enclave_corrections_total',
    'Summaries that replace an earlier one.',
    ({ corrections }) => corrections,
  ),
  counter(
    'aggregator_enclave_registrations_total',
    'Sessions that began.',
    ({ registrations }) => registrations,
  ),
  counter(
    'aggregator_enclave_registrations_refused_total',
    'Registrations that were refused.',
    ({ registrationsRefused }) => registrationsRefused,
  ),
  counter(
    'aggregator_enclave_sessions_ended_total',
    'Sessions that expired or were ended.',
    ({ sessionsEnded }) => sessionsEnded,
  ),
  counter(
    'aggregator_enclave_polls_late_total',
    'Polls that began more than a second after they were due.',
    ({ pollsLate }) => pollsLate,
  ),
  gauge(
    'aggregator_enclave_poll_lateness_seconds',
    'Greatest lateness of a poll within the last minute.',
    ({ latenessSeconds }) => latenessSeconds,
  ),
  gauge(
    'aggregator_enclave_resident_memory_bytes',
    'Memory of the process of the enclave.',
    ({ residentBytes }) => residentBytes,
  ),
  gauge(
    'aggregator_enclave_heap_bytes',
    'JavaScript heap of the enclave that is in use.',
    ({ heapBytes }) => heapBytes,
  ),
];

/** All counters and gauges of the accounts. */
export const ENCLAVE_READINGS: readonly Reading<TradesView>[] = [
  ...readFrom(ACCOUNT_READINGS, ({ accounts }: TradesView) => accounts),
  ...readFrom(LINK_READINGS, ({ accounts }: TradesView) => accounts.link),
  ...readFrom(COUNTER_READINGS, ({ accounts }: TradesView) => accounts.counters),
  gauge(
    'aggregator_enclave_unstored_summaries',
    'Summaries in the enclave that the service has not stored yet.',
    ({ accounts }) => accounts.unstored,
  ),
];
