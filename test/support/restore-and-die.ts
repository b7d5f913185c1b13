// Restores a backup in a process that kills itself before a given call: arguments are the database, the backup, and the
// number of the call (0: never). Prints how many calls there were if it lives.

import { restoreDatabase } from '../../src/store/backup.ts';
import { dieAt } from './die-at.ts';
import { FEDERATION_DATABASE } from '../../src/federation/store/federation-database.ts';

const [databasePath = '', file = '', call = '0'] = process.argv.slice(2);
const calls = dieAt(Number(call));
restoreDatabase({ program: FEDERATION_DATABASE, databasePath, file, suffix: `replaced-${call}`, nowMs: 1 });
process.stdout.write(`${calls()}\n`);
