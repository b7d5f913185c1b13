// The public keys that the service lists: the one that signs now, and those that signed before. It keeps no private key.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Provenance } from '../domain/facts.ts';
import type { StoredKey } from '../domain/stored-key.ts';

/** A key of the list; the members beside those of RFC 8037 say who vouches for its summaries, and whether it still signs. */
export interface PublishedKey extends PublicJwk {
  readonly provenance: Provenance;
  readonly retired?: true;
}

/** The list at `/.well-known/aggregator/keys`. */
export class PublishedKeys {
  readonly #current: PublishedKey;
  #earlier: readonly PublishedKey[] = [];

  /** `key` signs the summaries of jobs. */
  constructor(key: PublicJwk) {
    this.#current = { ...key, provenance: 'client_reported' };
  }

  /** Takes the keys that the database remembers. */
  restore(stored: readonly StoredKey[]): void {
    this.#earlier = stored
      .filter(
        ({ key, provenance }) => key.kid !== this.#current.kid || provenance !== this.#current.provenance,
      )
      .map(({ key, provenance }) => ({ ...key, provenance, retired: true }));
  }

  get all(): readonly PublishedKey[] {
    return [this.#current, ...this.#earlier];
  }
}
