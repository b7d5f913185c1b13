// The reader's thread: the only one that reads the node's files and writes the state. reader-work.ts has its parts.

import { systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { runThread } from '../../workers/thread-entry.ts';
import type { MainToReader, ReaderThreadData, ReaderToMain } from './messages.ts';
import { ReaderWork } from './reader-work.ts';
import { makeSources } from './sources.ts';

await runThread<ReaderThreadData, MainToReader, ReaderToMain>(
  (parts) => new ReaderWork({ ...parts, clock: systemClock, timers: systemTimers, makeSources }),
);
