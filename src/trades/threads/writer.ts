// The writer's thread: the only one that writes the database. writer-loop.ts has the order of its work.

import { runFactWriter } from '../../workers/fact-writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import { openDatabase } from '../store/open-database.ts';
import type { TradesWriter } from '../store/writer.ts';
import type { TradesTerms, WriterThreadData } from './messages.ts';
import { WriterLoop } from './writer-loop.ts';

await runFactWriter<WriterThreadData, Fact, TradesWriter, TradesTerms>({
  open: (data) => openDatabase(data),
  makeLoop: (parts) => new WriterLoop(parts),
});
