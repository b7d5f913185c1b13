// What the seal pool needs to make the summary of a job. Plain data.

import type { Canonical, ReturnBasis } from './summary.ts';
import type { EncodedTrades } from './trade-log.ts';

/** The trades of a job, and what its payload says besides. */
export interface SealRequest {
  readonly trades: EncodedTrades;
  readonly clientId: string;
  readonly exchange: string;
  /** Thumbprint of the key that will sign. */
  readonly keyId: string;
  /** When the client asked for the summary, by the wall clock: both ends of the period of a job without trades. */
  readonly nowMs: number;
  readonly connectorVersion: string;
  readonly withMetadata: boolean;
  readonly canonical: Canonical;
  readonly returnBasis: ReturnBasis;
}
