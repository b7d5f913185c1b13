// A signing key that the database remembers. Plain data.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Provenance } from './facts.ts';

/** The public half of a key that signed at some time, so that its summaries can still be checked. */
export interface StoredKey {
  readonly key: PublicJwk;
  readonly provenance: Provenance;
  /** When it was used first and when last, by the wall clock. */
  readonly firstUsedAtMs: number;
  readonly lastUsedAtMs: number;
  /** True if a newer key of the same provenance signs. */
  readonly isRetired: boolean;
}
