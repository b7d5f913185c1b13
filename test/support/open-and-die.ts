// Opens a database as the writer does, in a process that kills itself before a given call: arguments are the path, the
// number of the call (0: never), and the time. Prints how many calls there were if it lives.

import { openFederationWriter } from '../../src/federation/store/federation-database.ts';
import { earlierAggregator } from '../../src/federation/store/adoption.ts';
import { dieAt } from './die-at.ts';

const [path = '', call = '0', nowMs = '0'] = process.argv.slice(2);
const calls = dieAt(Number(call));
const thresholds = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
openFederationWriter(
  path,
  earlierAggregator({ nowMs: Number(nowMs), thresholds, aggregatorId: 'test', progress: () => undefined }),
).close();
process.stdout.write(`${calls()}\n`);
