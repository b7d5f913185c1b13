// A lease: of several processes one holds it, as long as it renews it. A lease only saves work. It stops no process that
// is frozen, so nothing may be wrong if two processes believe that they hold it.

/** Who wants the lease, and where it stands. */
export interface LeaseOptions {
  readonly subject: string;
  /** The name of this process, different from that of every other. */
  readonly holder: string;
}

/** Time between two renewals, in ms. */
export const LEASE_RENEW_MS = 750;
/** A challenger takes the lease after it has seen the same record for this long on its own monotonic clock, in ms. */
export const LEASE_TAKEN_AFTER_MS = 3_000;
/** A holder that could not renew for this long gives the lease up, in ms. */
export const LEASE_GIVEN_UP_AFTER_MS = 2_500;
