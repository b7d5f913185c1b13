// The rows of signing keys: public halves only. A key that signs no more stays, because its summaries can still be
// checked with it. Writes are inside the caller's transaction.

import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { Provenance } from '../domain/facts.ts';
import type { StoredKey } from '../domain/stored-key.ts';
import { PROVENANCES, provenanceOf } from './codes.ts';

interface Row {
  readonly kid: string;
  readonly x: string;
  readonly provenance: number;
  readonly firstUsedAtMs: number;
  readonly lastUsedAtMs: number;
}

/** Writes and reads keys. */
export class KeyRows {
  readonly #put: Statement;
  readonly #all: Statement<[], Row>;

  constructor(database: Database) {
    // The row of the newest key is the last one of its provenance, whatever a clock said.
    this.#put = statement(
      database,
      `INSERT INTO key_rows (kid, x, provenance, first_ms, used_ms, turn)
         VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(turn), 0) + 1 FROM key_rows))
         ON CONFLICT DO UPDATE SET used_ms = max(used_ms, excluded.used_ms), turn = excluded.turn`,
    );
    this.#all = statement(
      database,
      `SELECT kid, x, provenance, first_ms AS firstUsedAtMs, used_ms AS lastUsedAtMs FROM key_rows ORDER BY turn`,
    );
  }

  /** A key signs from now on. */
  used({ kid, x }: PublicJwk, provenance: Provenance, atMs: number): void {
    this.#put.run(kid, x, PROVENANCES.indexOf(provenance), atMs, atMs);
  }

  /** Every key, the one that began to sign last at the end. */
  all(): readonly StoredKey[] {
    const rows = this.#all.all();
    const newest = new Map(rows.map(({ provenance, kid }) => [provenance, kid]));
    return rows.map(({ kid, x, provenance, ...times }) => ({
      ...times,
      key: { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' },
      provenance: provenanceOf(provenance),
      isRetired: newest.get(provenance) !== kid,
    }));
  }
}
