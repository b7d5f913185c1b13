// The writer's thread: the only one that writes the database. writer-loop.ts has the order of its work. This file makes
// its parts, starts them, and stops them in the opposite order.

import { systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { closeHeld } from '../../store/held-database.ts';
import { runThread } from '../../workers/thread-entry.ts';
import { openDatabase } from '../store/open-database.ts';
import type { MainToWriter, WriterThreadData, WriterToMain } from './messages.ts';
import { WriterLoop } from './writer-loop.ts';

await runThread<WriterThreadData, MainToWriter, WriterToMain>(({ data, send, place }) => {
  const { path, seams } = data;
  const opened = openDatabase(data);
  const { database, writer } = opened;
  const loop = new WriterLoop({
    path,
    database,
    writer,
    files: new DatabaseFiles(path, database, systemClock.monotonicMs),
    disk: diskBeside(path),
    clock: systemClock,
    timers: systemTimers,
    seams,
    send,
  });
  place.defer(() =>
    closeHeld(opened, !loop.health.isFatal && loop.health.areFilesWhole(), (level, sentence) =>
      send({ type: 'log', level, sentence: `database: ${sentence}` }),
    ),
  );
  return loop;
});
