// The thread that owns the database of the reference backend. ingest-work.ts has its work. This file opens the database,
// makes the work's parts, and closes everything in the opposite order.

import { systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { runThread } from '../../workers/thread-entry.ts';
import { closeIngestDatabase, openIngestDatabase } from './ingest-database.ts';
import { IngestWork } from './ingest-work.ts';
import type { IngestThreadData, IngestToMain, MainToIngest } from './messages.ts';

await runThread<IngestThreadData, MainToIngest, IngestToMain>(({ data, send, place }) => {
  const opened = openIngestDatabase(data.path);
  place.defer(() => closeIngestDatabase(opened, !work.health.isFatal && work.health.areFilesWhole()));
  const work = new IngestWork(data, {
    database: opened.database,
    files: new DatabaseFiles(data.path, opened.database, systemClock.monotonicMs),
    disk: diskBeside(data.path),
    clock: systemClock,
    timers: systemTimers,
    send,
  });
  return work;
});
