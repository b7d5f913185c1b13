// Says how far the stream was read when a database was written.

import type { ReadUpTo } from '../store/federation-database.ts';

/** Up to where the stream was read. */
export function upTo(position: ReadUpTo | null): string {
  if (position === null) return 'no stream read yet';
  return `read up to sequence ${position.seq} of ${position.stream} (${new Date(position.atMs).toISOString()})`;
}
