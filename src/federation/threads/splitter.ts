// The splitter thread: its own connection to NATS, and the splitters of the input streams. splitter-loop.ts has its work;
// this file makes it.

import { runThread } from '../../workers/thread-entry.ts';
import type { MainToSplitter, SplitterThreadData, SplitterToMain } from './splitter-messages.ts';
import { SplitterLoop, splitterLoopOptions } from './splitter-loop.ts';

await runThread<SplitterThreadData, MainToSplitter, SplitterToMain>(
  ({ data, send }) => new SplitterLoop(splitterLoopOptions(data), { send }),
);
