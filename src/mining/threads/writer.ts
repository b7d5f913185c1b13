// The writer's thread: the only one that writes the database. writer-loop.ts has the order of its work. This file makes
// its parts, starts them, and stops them in the opposite order.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { DatabaseFiles } from '../../store/database-files.ts';
import { diskBeside } from '../../store/free-space.ts';
import { closeDatabase, openDatabase } from '../store/open-database.ts';
import type { MainToWriter, WriterThreadData, WriterToMain } from './messages.ts';
import { WriterLoop } from './writer-loop.ts';

async function run(data: WriterThreadData, port: MessagePort): Promise<void> {
  const { path, seams } = data;
  const send = (message: WriterToMain) => port.postMessage(message);
  const log = (level: 'info' | 'warn', sentence: string) =>
    send({ type: 'log', level, sentence: `database: ${sentence}` });
  const parts = new AsyncDisposableStack();
  const opened = openDatabase(data, systemClock.nowMs(), log);
  parts.defer(() => closeDatabase(opened, path, !loop.health.isFatal && loop.health.areFilesWhole(), log));
  const { database, writer } = opened;
  const loop = new WriterLoop({
    path,
    writer,
    files: new DatabaseFiles(path, database, systemClock.monotonicMs),
    disk: diskBeside(path),
    clock: systemClock,
    timers: systemTimers,
    seams,
    limitPages: (pages) => void database.pragma(`max_page_count = ${pages}`),
    send,
  });
  port.on('message', (message: MainToWriter) => {
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
    await run(workerData as WriterThreadData, port);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    port.postMessage({ type: 'failed', code: error.code, sentence: error.message } satisfies WriterToMain);
    port.close();
  }
}
