// The ingest thread: the only writer, and the only thread that looks into messages. ingest-loop.ts has the order of its
// work. This file makes its parts, starts them, and stops them in the opposite order.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock, threadClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { Door } from '../ingest/door.ts';
import { Ledger } from '../ingest/ledger.ts';
import { BATCH_TIME_MS } from '../sources/handover.ts';
import { HOUSEKEEPING_REST_MS } from '../store/housekeeping.ts';
import { closeDatabase, openDatabase } from '../store/open-database.ts';
import { doorParts } from './ingest-door.ts';
import { IngestLoop, SNAPSHOT_INTERVAL_MS } from './ingest-loop.ts';
import { beforeCommit } from './ingest-seams.ts';
import type { IngestToMain, IngestThreadData, MainToIngest } from './messages.ts';

async function run({ settings, seams }: IngestThreadData, port: MessagePort): Promise<void> {
  const send = (message: IngestToMain) => port.postMessage(message);
  const log = (level: 'info' | 'warn', sentence: string) =>
    send({ type: 'log', level, sentence: `database: ${sentence}` });
  const path = settings.databasePath;
  const parts = new AsyncDisposableStack();
  const opened = openDatabase(settings, systemClock.nowMs(), log);
  const { database, writer, identity } = opened;
  parts.defer(() => closeDatabase(opened, path, loop.health, log));
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
  port.on('message', (message: MainToIngest) => {
    if (message.type === 'stop') void stop();
    else loop.receive(message);
  });
  await startAt(parts, loop);

  async function stop(): Promise<void> {
    await parts.disposeAsync();
    send({ type: 'stopped' });
    port.close();
  }
}

if (parentPort !== null) {
  const port = parentPort;
  try {
    await run(workerData as IngestThreadData, port);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    port.postMessage({ type: 'failed', code: error.code, sentence: error.message } satisfies IngestToMain);
    port.close();
  }
}
