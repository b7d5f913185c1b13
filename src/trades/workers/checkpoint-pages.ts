// Reads checkpoints for the enclave that sealed them. A question that is asked after a commit sees it: each one reads the
// newest state of the file.

import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { type Checkpoint, CHECKPOINTS_PAGE_MAX } from '../domain/enclave-link.ts';
import type { CheckpointQuery, SealCount } from '../domain/questions.ts';

/** Bytes of the checkpoints in one page, as they are stored. The first one is in it, however long it is. */
export const PAGE_CHECKPOINTS_BYTES_MAX = 4_194_304;

interface Row {
  readonly accountId: string;
  readonly seq: number;
  readonly turn: number;
  readonly sealed: Buffer;
}

/** The checkpoint of an account, or a page of them; empty if there is none. */
export function readCheckpoints(
  database: ReadDatabase,
  query: CheckpointQuery,
  bytesMax = PAGE_CHECKPOINTS_BYTES_MAX,
): Checkpoint[] {
  if ('accountId' in query) return checkpointOf(database, query.accountId);
  const page = statement<[string, string], { accountId: string; bytes: number }>(
    database,
    `SELECT account AS accountId, length(sealed) AS bytes FROM checkpoint_rows
       WHERE seal_id = ? AND account > ? ORDER BY account LIMIT ${CHECKPOINTS_PAGE_MAX}`,
  ).all(query.sealId, query.after ?? '');
  const checkpoints: Checkpoint[] = [];
  let sum = 0;
  for (const { accountId, bytes } of page) {
    sum += bytes;
    if (checkpoints.length > 0 && sum > bytesMax) break;
    checkpoints.push(...checkpointOf(database, accountId));
  }
  return checkpoints;
}

/** How many accounts each seal key has. */
export function readSeals(database: ReadDatabase): SealCount[] {
  return statement<[], SealCount>(
    database,
    'SELECT seal_id AS sealId, count(*) AS accounts FROM checkpoint_rows GROUP BY seal_id ORDER BY seal_id',
  ).all();
}

function checkpointOf(database: ReadDatabase, accountId: string): Checkpoint[] {
  return statement<[string], Row>(
    database,
    'SELECT account AS accountId, seq, turn, sealed FROM checkpoint_rows WHERE account = ?',
  )
    .all(accountId)
    .map(({ sealed, ...row }) => ({ ...row, sealed: sealed.toString('base64') }));
}
