// A writer's thread with its journal, as the main thread has them.

import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { StatisticsSnapshot } from '../../../src/mining/domain/statistics.ts';
import type { Fact } from '../../../src/mining/domain/facts.ts';
import type { MiningTerms, Opened, WriterStatus } from '../../../src/mining/threads/messages.ts';
import { WAITING_FACTS_MAX } from '../../../src/mining/threads/writer-side.ts';
import { FactJournal } from '../../../src/store/fact-journal.ts';
import type { FactWriterToMain, MainToFactWriter, WriterSeams } from '../../../src/store/fact-messages.ts';
import { ChildThread } from '../../../src/workers/child-thread.ts';

/** Where a test of a thread finds what the thread told. */
export interface Threaded {
  readonly journal: FactJournal<Fact>;
  readonly opened: Promise<Opened>;
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
  const { promise: opened, resolve, reject } = Promise.withResolvers<Opened>();
  const thread = new ChildThread<MainToFactWriter<Fact>, FactWriterToMain<MiningTerms>>(
    {
      url: new URL('../../../src/mining/threads/writer.ts', import.meta.url),
      name: 'writer',
      data: { path, retentionDays, blockTimeSecs: 120, seams },
    },
    {
      message(message) {
        if (message.type === 'opened') resolve(message.opened);
        else if (message.type === 'failed') reject(new Error(message.sentence));
        else if (message.type === 'committed') threaded.journal.committed(message.sequence);
        else if (message.type === 'own') threaded.statistics = message.own;
        else if (message.type === 'status') threaded.status = message.status;
        else if (message.type === 'log') threaded.log.push(message.sentence);
      },
      died: reject,
    },
  );
  const journal = new FactJournal<Fact>({
    waitingMax: WAITING_FACTS_MAX,
    isDroppable: ({ type }) => type === 'seen',
    send: (message) => thread.send(message),
    nowMs: () => 0,
  });
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
