// The writer's thread: the only one that writes the database. writer-loop.ts has the order of its work.

import { systemClock } from '../../lib/clock.ts';
import { runFactWriter } from '../../workers/fact-writer-thread.ts';
import type { Fact } from '../domain/facts.ts';
import { openDatabase } from '../store/open-database.ts';
import type { MiningWriter } from '../store/writer.ts';
import type { MiningTerms, WriterThreadData } from './messages.ts';
import { WriterLoop } from './writer-loop.ts';

await runFactWriter<WriterThreadData, Fact, MiningWriter, MiningTerms>({
  open: (data, log) => openDatabase(data, systemClock.nowMs(), log),
  makeLoop: (parts) => new WriterLoop(parts),
});
