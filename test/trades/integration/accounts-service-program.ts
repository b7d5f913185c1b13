// A service for tests as a process of its own. With `DIE_AFTER` it kills itself after so many commits, before anybody hears
// of the last one.

import { systemClock } from '../../../src/lib/clock.ts';
import { TestService } from './accounts-service.ts';

const [databasePath = '', socketPath = ''] = process.argv.slice(2);
let left = Number(process.env['DIE_AFTER'] ?? Infinity);

const service = new TestService(
  databasePath,
  { socketPath },
  {
    committed: () => {
      left--;
      if (left <= 0) process.kill(process.pid, 'SIGKILL');
    },
  },
);
await service.start();
process.stdout.write(`started ${systemClock.nowMs()}\n`);
process.once('SIGTERM', () => void service.stop());
