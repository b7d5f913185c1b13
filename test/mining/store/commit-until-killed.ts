// Commits entries with their submissions, several at a time, and prints the id of each when the journal says that it is
// on the disk, until it is killed. Arguments: the path of the database, and the first id.

import { writeSync } from 'node:fs';
import { entry, submitted } from './facts.ts';
import { startWriter } from './threaded.ts';

const [path = '', first = ''] = process.argv.slice(2);
const { journal, opened } = await startWriter(path);
await opened;
let next = Number(first);

async function commitOn(): Promise<never> {
  for (;;) {
    const id = next++;
    const told = submitted(BigInt(id), 'waiting', { blockHash: `hash${id}`, height: BigInt(id) });
    await journal.commit([told, { type: 'entry', entry: entry(id) }]);
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, () => commitOn()));
