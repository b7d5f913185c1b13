// The metrics of the accounts and of the enclave that polls them. What the enclave counts comes over its link, without
// symbols and amounts, and belongs here too.

import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { gauge, labelled, type Reading } from '../../metrics/reading.ts';
import type { TradesView } from '../domain/view.ts';

/** All counters and gauges of the accounts. */
export const ENCLAVE_READINGS: readonly Reading<TradesView>[] = [
  labelled(
    'gauge',
    'aggregator_trades_accounts',
    'Exchange accounts by state; 0 without an enclave.',
    'state',
    NODE_STATES,
    ({ accounts }) => accounts,
  ),
  gauge(
    'aggregator_trades_enclave_linked',
    '1 while the enclave is linked; 0 also if none belongs to this service.',
    ({ accounts }) => (accounts.isLinked === true ? 1 : 0),
  ),
];
