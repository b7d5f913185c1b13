// Set up before the tests of the broker where the nats-server of today cannot be had: none of them is run, and each is marked
// with the version, so that scripts/test-summary.mjs names it. What a whole file starts first is still started, on Debian's.

import { beforeEach } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The program without which the test was not run. */
    without?: string;
  }
}

beforeEach(({ task, skip }) => {
  task.meta.without = 'nats-server 2.15';
  skip();
});
