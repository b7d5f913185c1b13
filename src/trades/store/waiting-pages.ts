// What a start reads of the outbox: the entries that wait, page by page, and how many dead letters there are. It writes
// nothing.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { StoredDeadLetters, StoredWaiting } from '../domain/questions.ts';
import { hashHex } from './codes.ts';

/** Entries of one page. A page is read and sent in some 10 ms. */
export const PAGE_ENTRIES_MAX = 5_000;

interface Row extends Omit<StoredWaiting, 'digest'> {
  readonly digest: Uint8Array;
}

/** The entries that wait, by ascending id. Nothing may be written between two pages. */
export function* waitingPages(
  database: ReadDatabase,
  entriesMax = PAGE_ENTRIES_MAX,
): Generator<readonly StoredWaiting[]> {
  const page = statement<[number, number], Row>(
    database,
    `SELECT o.id AS id, c.client_id AS clientId, o.digest AS digest, o.body_bytes AS bodyBytes,
       o.sealed_ms AS sealedAtMs, o.attempts AS attempts, o.next_ms AS nextAtMs, o.place AS place
     FROM outbox_rows o JOIN clients c ON c.number = o.client
     WHERE o.state = 0 AND o.id > ? ORDER BY o.id LIMIT ?`,
  );
  for (let id = 0; ; ) {
    const rows = page.all(id, entriesMax);
    if (rows.length > 0) yield rows.map(({ digest, ...row }) => ({ ...row, digest: hashHex(digest) }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < entriesMax) return;
    id = last.id;
  }
}

/** The dead letters. */
export function readDeadLetters(database: ReadDatabase): StoredDeadLetters {
  const row = statement<[], StoredDeadLetters>(
    database,
    'SELECT count(*) AS count, coalesce(sum(body_bytes), 0) AS bytes FROM outbox_rows WHERE state = 2',
  ).get();
  return row ?? { count: 0, bytes: 0 };
}
