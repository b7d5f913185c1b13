// The ingest thread: the only writer, and the only thread that looks into messages. ingest-loop.ts has the order of its
// work. This file makes its parts, starts them, and stops them in the opposite order.

import { systemClock, threadClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { runThread } from '../../workers/thread-entry.ts';
import { Door } from '../ingest/door.ts';
import { Ledger } from '../ingest/ledger.ts';
import { BATCH_TIME_MS } from '../sources/handover.ts';
import { HOUSEKEEPING_REST_MS } from '../store/housekeeping.ts';
import { closeDatabase, openDatabase } from '../store/open-database.ts';
import { doorParts } from './ingest-door.ts';
import { IngestLoop, SNAPSHOT_INTERVAL_MS } from './ingest-loop.ts';
import { beforeCommit } from './ingest-seams.ts';
import type { IngestToMain, IngestThreadData, MainToIngest } from './messages.ts';

await runThread<IngestThreadData, MainToIngest, IngestToMain>(({ data, send, place }) => {
  const { settings, seams } = data;
  const log = (level: 'info' | 'warn', sentence: string) =>
    send({ type: 'log', level, sentence: `database: ${sentence}` });
  const path = settings.databasePath;
  const opened = openDatabase(settings, systemClock.nowMs(), log);
  const { database, writer, identity } = opened;
  place.defer(() => closeDatabase(opened, path, loop.health, log));
  const ledger = new Ledger();
  const loop = new IngestLoop(
    {
      path,
      commitSoonMs: BATCH_TIME_MS,
      snapshotIntervalMs: SNAPSHOT_INTERVAL_MS,
      housekeepingRestMs: HOUSEKEEPING_REST_MS,
      seams,
    },
    {
      writer,
      identity,
      ledger,
      door: new Door(doorParts(writer, ledger, settings.authMode === 'required')),
      files: new DatabaseFiles(path, database, systemClock.monotonicMs),
      disk: diskBeside(path),
      clock: threadClock,
      timers: systemTimers,
      beforeCommit: beforeCommit(seams, database),
      send,
    },
  );
  return loop;
});
