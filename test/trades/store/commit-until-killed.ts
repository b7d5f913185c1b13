// Commits sealed summaries with their jobs, several at a time, and prints the id of each when the journal says that it is
// on the disk, until it is killed. Arguments: the path of the database.

import { writeSync } from 'node:fs';
import { attempt, job, sealed } from './facts.ts';
import { startWriter } from './threaded.ts';

const [path = ''] = process.argv.slice(2);
const { side, opened } = await startWriter(path);
let next = opened.nextEntryId;

async function commitOn(): Promise<never> {
  for (;;) {
    const id = next++;
    const clientId = `client ${id % 5}`;
    await side.journal.commit([
      sealed(id, { entry: { clientId }, job: job(`${id}`, { expiresAtMs: Date.now() + 600_000 }) }),
    ]);
    writeSync(1, `${id}\n`);
    if (id % 3 === 0)
      side.journal.note([
        { type: 'delivered', entryId: id, atMs: Date.now(), attempt: attempt(200, '{"ok":true}') },
      ]);
  }
}

await Promise.all(Array.from({ length: 8 }, () => commitOn()));
