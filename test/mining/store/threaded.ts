// A writer's thread with its journal, as the main thread has them.

import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { StatisticsSnapshot } from '../../../src/mining/domain/statistics.ts';
import { WriterJournal } from '../../../src/mining/threads/journal.ts';
import type {
  MainToWriter,
  OpenedMessage,
  WriterSeams,
  WriterStatus,
  WriterToMain,
} from '../../../src/mining/threads/messages.ts';
import { ChildThread } from '../../../src/workers/child-thread.ts';

/** Where a test of a thread finds what the thread told. */
export interface Threaded {
  readonly journal: WriterJournal;
  readonly opened: Promise<OpenedMessage>;
  readonly log: string[];
  statistics: StatisticsSnapshot | null;
  status: WriterStatus | null;
  stop(): Promise<void>;
}

/** Starts the thread; the test's end stops it. */
export async function startWriter(
  path: string,
  { retentionDays = 0, seams = {} }: { retentionDays?: number; seams?: WriterSeams } = {},
): Promise<Threaded> {
  const { promise: opened, resolve, reject } = Promise.withResolvers<OpenedMessage>();
  const thread = new ChildThread<MainToWriter, WriterToMain>(
    {
      url: new URL('../../../src/mining/threads/writer.ts', import.meta.url),
      name: 'writer',
      data: { path, retentionDays, blockTimeSecs: 120, seams },
    },
    {
      message(message) {
        if (message.type === 'opened') resolve(message);
        else if (message.type === 'failed') reject(new Error(message.sentence));
        else if (message.type === 'committed') threaded.journal.committed(message.sequence);
        else if (message.type === 'statistics') threaded.statistics = message.statistics;
        else if (message.type === 'status') threaded.status = message.status;
        else if (message.type === 'log') threaded.log.push(message.sentence);
      },
      died: reject,
    },
  );
  const journal = new WriterJournal({ send: (message) => thread.send(message), observedMs: () => 0 });
  let isStopped = false;
  const threaded: Threaded = {
    journal,
    opened,
    log: [],
    statistics: null,
    status: null,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      await thread.stop();
    },
  };
  await thread.start();
  return threaded;
}

/** The same, for a test. */
export async function startForTest(...options: Parameters<typeof startWriter>): Promise<Threaded> {
  const threaded = await startWriter(...options);
  onTestFinished(() => threaded.stop());
  await threaded.opened;
  return threaded;
}

/** The path of a program of this folder. */
export const programPath = (name: string) => fileURLToPath(new URL(name, import.meta.url));
