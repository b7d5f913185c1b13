// Reads bodies of the outbox through the pool, in as many answers as their size needs. Whoever asks bounds how many
// bytes they have together.

import type { BodiesAnswer, StoredBody } from './questions.ts';

/** The bodies of those of these entries that the database has. `ask` asks the pool; its errors are passed on. */
export async function readAllBodies(
  ids: readonly number[],
  ask: (ids: readonly number[]) => Promise<BodiesAnswer>,
): Promise<readonly StoredBody[]> {
  const all: StoredBody[] = [];
  for (let left = ids; left.length > 0; ) {
    const answer = await ask(left);
    all.push(...answer.bodies);
    left = answer.left;
  }
  return all;
}
