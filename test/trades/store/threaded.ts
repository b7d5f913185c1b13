// The writer's side with its thread, as the main thread has it.

import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import type { CodedError } from '../../../src/lib/errors.ts';
import type { WriterSeams } from '../../../src/store/fact-messages.ts';
import type { Opened } from '../../../src/trades/threads/messages.ts';
import { WriterSide } from '../../../src/trades/threads/writer-side.ts';

/** A started writer, and what it told. */
export interface Threaded {
  readonly side: WriterSide;
  readonly opened: Opened;
  readonly log: string[];
  readonly deaths: CodedError[];
  stop(): Promise<void>;
}

/** Starts the thread. Rejects if the database cannot be opened. */
export async function startWriter(path: string, seams: WriterSeams = {}): Promise<Threaded> {
  const log: string[] = [];
  const deaths: CodedError[] = [];
  const tell = (sentence: string) => void log.push(sentence);
  const side = new WriterSide(
    { path, retentionDays: 30, seams },
    {
      log: { info: tell, warn: tell, error: tell },
      clock: systemClock,
      committed: () => undefined,
      fatal: (error) => void deaths.push(error),
    },
  );
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await side.stop();
    isStopped = true;
  };
  return { side, opened: await side.start(), log, deaths, stop };
}

/** The same, for a test: its end stops the thread. */
export async function startForTest(path: string, seams: WriterSeams = {}): Promise<Threaded> {
  const threaded = await startWriter(path, seams);
  onTestFinished(() => threaded.stop());
  return threaded;
}

/** The path of a program of this folder. */
export const programPath = (name: string) => fileURLToPath(new URL(name, import.meta.url));
