// Lets a process kill itself (SIGKILL) before a given call of SQLite or of the file system: a crash at a known place.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import Sqlite from 'better-sqlite3';

const FILE_CALLS = [
  'copyFileSync',
  'fsyncSync',
  'linkSync',
  'renameSync',
  'rmSync',
  'openSync',
  'writeFileSync',
];

/** From now on calls are counted; `dieAt` 0 is never. Returns how many there were so far. */
export function dieAt(call: number): () => number {
  let calls = 0;
  const count = (target: object, names: readonly string[]) => {
    const methods = target as Record<string, (...args: unknown[]) => unknown>;
    for (const name of names) {
      const original = methods[name];
      if (original === undefined) throw new Error(`there is no ${name}`);
      methods[name] = function counted(this: unknown, ...args: unknown[]): unknown {
        if (++calls === call) process.kill(process.pid, 'SIGKILL');
        return original.apply(this, args);
      };
    }
  };
  const memory = new Sqlite(':memory:');
  count(Object.getPrototypeOf(memory) as object, ['exec', 'pragma', 'close']);
  count(Object.getPrototypeOf(memory.prepare('SELECT 1')) as object, ['run', 'all', 'get']);
  memory.close();
  count(fs, FILE_CALLS);
  syncBuiltinESMExports();
  calls = 0;
  return () => calls;
}
