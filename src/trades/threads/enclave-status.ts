// Puts together what the parts of the enclave tell about themselves, for the service, probes and metrics. It asks the parts,
// and keeps nothing.

import type { EnclaveStatus } from '../domain/enclave-link.ts';
import type { AccountDesk } from '../enclave/accounts/account-desk.ts';
import type { VenueCounters } from '../enclave/exchanges/venue.ts';

/** Makes the status of this moment. */
export function enclaveStatus(
  desk: Pick<AccountDesk, 'rows' | 'counts' | 'unstoredSummaries'>,
  venues: readonly { readonly counters: VenueCounters }[],
): EnclaveStatus {
  const sum = (count: (counters: VenueCounters) => number) =>
    venues.reduce((total, { counters }) => total + count(counters), 0);
  const { rss, heapUsed } = process.memoryUsage();
  return {
    accounts: desk.rows(),
    unstoredSummaries: desk.unstoredSummaries,
    counters: {
      ...desk.counts,
      requests: sum(({ requests }) => requests),
      requestsFailed: sum(({ failed }) => failed),
      rateLimitPauses: sum(({ pauses }) => pauses),
      marketDownloads: sum(({ marketDownloads }) => marketDownloads),
      residentBytes: rss,
      heapBytes: heapUsed,
    },
  };
}
