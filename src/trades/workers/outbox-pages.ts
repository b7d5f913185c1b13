// Reads the outbox: pages of entries, bodies, and the clients that have entries. It only reads.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { ClientRow, ClientsQuery, OutboxQuery, OutboxRow } from '../domain/questions.ts';
import { hashHex, stateOf } from '../store/codes.ts';
import type { BodiesAnswer, StoredBody } from './questions.ts';

/** Bytes of the bodies in one answer. The first body is in it, however long it is. */
export const ANSWER_BODIES_BYTES_MAX = 4_194_304;

interface Row extends Omit<OutboxRow, 'digest' | 'state' | 'reason'> {
  readonly digest: Uint8Array;
  readonly state: number;
  readonly reason: string | null;
}

// Constants in the text, so that each state can use the index of its rows.
const WHERE = { all: 'true', waiting: 'o.state = 0', delivered: 'o.state = 1', dead: 'o.state = 2' } as const;

/** A page of the outbox, newest first. */
export function readOutbox(database: ReadDatabase, query: OutboxQuery): OutboxRow[] {
  const page = statement<[number, number], Row>(
    database,
    `SELECT o.id AS id, c.client_id AS clientId, c.exchange AS exchange, o.digest AS digest, o.seq AS seq,
       o.state AS state, o.trades AS trades, o.body_bytes AS bodyBytes, o.sealed_ms AS sealedAtMs,
       o.ended_ms AS endedAtMs, o.attempts AS attempts, o.status AS status, o.reason AS reason
     FROM outbox_rows o JOIN clients c ON c.number = o.client
     WHERE ${WHERE[query.state ?? 'all']} AND o.id < ? ORDER BY o.id DESC LIMIT ?`,
  );
  return page
    .all(query.beforeId ?? Number.MAX_SAFE_INTEGER, query.limit)
    .map(({ digest, state, reason, ...row }) => ({
      ...row,
      digest: hashHex(digest),
      state: stateOf(state),
      reason: reason ?? '',
    }));
}

/** As many of these bodies as fit in an answer. */
export function readBodies(
  database: ReadDatabase,
  ids: readonly number[],
  bytesMax = ANSWER_BODIES_BYTES_MAX,
): BodiesAnswer {
  const read = statement<[number], { body: string; bytes: number }>(
    database,
    'SELECT b.body AS body, o.body_bytes AS bytes FROM bodies b JOIN outbox_rows o ON o.id = b.id WHERE b.id = ?',
  );
  const bodies: StoredBody[] = [];
  let bytes = 0;
  for (const [index, id] of ids.entries()) {
    const row = read.get(id);
    if (row === undefined) continue;
    bytes += row.bytes;
    if (bodies.length > 0 && bytes > bytesMax) return { bodies, left: ids.slice(index) };
    bodies.push({ id, body: row.body });
  }
  return { bodies, left: [] };
}

/** Clients with their summaries, those with the latest summary first. */
export function readClients(database: ReadDatabase, { limit }: ClientsQuery): ClientRow[] {
  return statement<[number], ClientRow>(
    database,
    `SELECT clientId, lastSealedAtMs, (SELECT count(*) FROM outbox_rows
         WHERE client IN (SELECT number FROM clients WHERE client_id = clientId)) AS summaries
       FROM (SELECT client_id AS clientId, max(sealed_ms) AS lastSealedAtMs FROM clients
         GROUP BY client_id ORDER BY lastSealedAtMs DESC, client_id LIMIT ?)
       ORDER BY lastSealedAtMs DESC, clientId`,
  ).all(limit);
}
