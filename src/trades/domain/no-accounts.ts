// The accounts of a service of which no enclave has told anything yet. Plain data.

import type { EnclaveCounters } from './enclave-link.ts';
import type { AccountsView } from './view.ts';

/** Counters of an enclave that did nothing. */
const NO_COUNTERS: EnclaveCounters = {
  polls: { new: 0, empty: 0, failed: 0 },
  requests: 0,
  requestsFailed: 0,
  rateLimitPauses: 0,
  marketDownloads: 0,
  fills: 0,
  fillsRepeated: 0,
  fillsLate: 0,
  fillsTooOld: 0,
  summaries: 0,
  corrections: 0,
  registrations: 0,
  registrationsRefused: 0,
  sessionsEnded: 0,
  pollsLate: 0,
  latenessSeconds: 0,
  residentBytes: 0,
  heapBytes: 0,
};

/** The view of a service to which no enclave belongs. */
export const NO_ACCOUNTS: AccountsView = {
  online: 0,
  stale: 0,
  offline: 0,
  isLinked: null,
  known: 0,
  stranded: 0,
  unstored: 0,
  problem: null,
  counters: NO_COUNTERS,
  link: { links: 0, rubbish: 0, stored: 0, repeated: 0, refused: 0, refusedCheckpoints: 0 },
};
