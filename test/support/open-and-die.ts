// Opens a database as the writer does, in a process that kills itself (SIGKILL) before a given call of SQLite: arguments
// are the path, the number of the call (0: never), and the time. Prints how many calls there were if it lives.

import Sqlite from 'better-sqlite3';
import { openWriter } from '../../src/store/database.ts';
import { earlierAggregator } from '../../src/store/federation/adoption.ts';

const [path = '', dieAt = '0', nowMs = '0'] = process.argv.slice(2);
let calls = 0;

/** Counts each call of these methods, and dies before the one that was asked for. */
function count(target: object, names: readonly string[]): void {
  const methods = target as Record<string, (...args: unknown[]) => unknown>;
  for (const name of names) {
    const original = methods[name];
    if (original === undefined) throw new Error(`better-sqlite3 has no ${name}`);
    methods[name] = function counted(this: unknown, ...args: unknown[]): unknown {
      if (++calls === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
      return original.apply(this, args);
    };
  }
}

const memory = new Sqlite(':memory:');
count(Object.getPrototypeOf(memory) as object, ['exec', 'pragma', 'close']);
count(Object.getPrototypeOf(memory.prepare('SELECT 1')) as object, ['run', 'all', 'get']);
memory.close();
calls = 0;

const thresholds = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
openWriter(
  path,
  earlierAggregator({ nowMs: Number(nowMs), thresholds, aggregatorId: 'test', progress: () => undefined }),
).close();
process.stdout.write(`${calls}\n`);
