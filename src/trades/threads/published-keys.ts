// The public keys that the service lists: those that sign now, and those that signed before. It keeps no private key.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Provenance } from '../domain/facts.ts';
import type { StoredKey } from '../domain/stored-key.ts';

/** Keys in the list; the retired ones that signed longest ago are left out. A verifier reads no more. */
export const PUBLISHED_KEYS_MAX = 100;

/** A key of the list; the members beside those of RFC 8037 say who vouches for its summaries, and whether it still signs. */
export interface PublishedKey extends PublicJwk {
  readonly provenance: Provenance;
  readonly retired?: true;
}

/** The list at `/.well-known/aggregator/keys`. */
export class PublishedKeys {
  /** By provenance and thumbprint, those that began to sign last at the end. */
  readonly #known = new Map<string, Omit<PublishedKey, 'retired'>>();
  readonly #current = new Map<Provenance, string>();

  /** `key` signs the summaries of jobs. */
  constructor(key: PublicJwk) {
    this.use(key, 'client_reported');
  }

  /** Takes the keys that the database remembers, the one that began to sign last at the end. */
  restore(stored: readonly StoredKey[]): void {
    const used = [...this.#known.values()];
    this.#known.clear();
    for (const { key, provenance } of stored) this.use(key, provenance);
    for (const { provenance, ...key } of used) this.use(key, provenance);
  }

  /** A key signs from now on; the one of the same provenance before it is retired. */
  use(key: PublicJwk, provenance: Provenance): void {
    const name = `${provenance} ${key.kid}`;
    this.#known.delete(name);
    this.#known.set(name, { ...key, provenance });
    this.#current.set(provenance, name);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= PUBLISHED_KEYS_MAX) return;
      if (!this.#isCurrent(oldest)) this.#known.delete(oldest);
    }
  }

  /** The one that signs jobs, the one that signs accounts if there is one, then the retired ones from the newest to the oldest. */
  get all(): readonly PublishedKey[] {
    const current = [...this.#current.values()].flatMap((name) => this.#known.get(name) ?? []);
    const retired = [...this.#known].filter(([name]) => !this.#isCurrent(name)).toReversed();
    return [...current, ...retired.map(([, key]) => ({ ...key, retired: true as const }))];
  }

  #isCurrent(name: string): boolean {
    return [...this.#current.values()].includes(name);
  }
}
