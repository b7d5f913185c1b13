// What tests change inside the ingest thread, by the seams of messages.ts: slower commits, a full disk, and passes of
// retention that depend on the stream alone. Without seams it does nothing.

import type { Database } from '../../store/database.ts';
import { COMMIT_RETRY_MS } from '../../store/committer.ts';
import type { RevertibleWriter } from '../store/revertible-writer.ts';
import type { IngestSeams } from './messages.ts';

/** SQLite's own maximum number of pages. */
const SQLITE_PAGES_MAX = 4_294_967_294;

/** Makes a function that must be called before every commit. */
export function beforeCommit(
  { commitDelayMs, pagesMax }: IngestSeams,
  database: Pick<Database, 'pragma'>,
): () => void {
  return () => {
    if (commitDelayMs !== undefined) sleep(commitDelayMs);
    if (pagesMax !== undefined) database.pragma(`max_page_count = ${pagesMax[0] || SQLITE_PAGES_MAX}`);
  };
}

/**
 * Makes a function that must be called before every message, so that a pass that a crash interrupted is completed
 * first; null if there is nothing to do. `flush` commits, and returns false if that failed.
 */
export function beforeMessage(
  { pruneEvery }: IngestSeams,
  writer: RevertibleWriter,
  flush: () => boolean,
): (() => void) | null {
  if (pruneEvery === undefined) return null;
  const { messages, keepMs } = pruneEvery;
  return () => {
    const { last } = writer.current.position;
    if (last === null || last.seq % messages !== 0) return;
    do {
      writer.current.pruneStep(last.atMs - keepMs);
      while (!flush()) sleep(COMMIT_RETRY_MS);
    } while (writer.current.lastCommit.pruned?.isPassOver !== true);
  };
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
