// Seeds a database in a process that kills itself before a given call of SQLite or of the file system (0: never): arguments
// are the number of the call and those of the command. Prints how many calls there were if it lives.

import { seedCommand } from '../../src/federation/cli/cluster-seed.ts';
import { dieAt } from './die-at.ts';

const [call = '0', ...args] = process.argv.slice(2);
const calls = dieAt(Number(call));
await seedCommand.run({ name: 'seed', args, env: { ...process.env } });
process.stdout.write(`${calls()}\n`);
