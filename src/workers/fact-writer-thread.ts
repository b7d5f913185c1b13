// The entry of a writer's thread that stores facts: it opens the database, makes what the loop of the program works with,
// and closes the database after the loop has stopped. The order of the work is the program's.

import { type Clock, systemClock } from '../lib/clock.ts';
import type { Part } from '../lib/part.ts';
import { systemTimers, type Timers } from '../lib/timers.ts';
import type { Database } from '../store/database.ts';
import { DatabaseFiles } from '../store/database-files.ts';
import type {
  FactsMessage,
  FactThreadData,
  FactWriterToMain,
  MainToFactWriter,
  WriterSeams,
  WriterTerms,
} from '../store/fact-messages.ts';
import { type Disk, diskBeside } from '../store/free-space.ts';
import { closeHeld, type HeldDatabase } from '../store/held-database.ts';
import type { WriterHealth } from '../store/writer-health.ts';
import { runThread } from './thread-entry.ts';

/** What a loop needs of its thread. */
export interface FactLoopParts<Writer, Terms extends WriterTerms> {
  /** The path of the database. */
  readonly path: string;
  readonly database: Pick<Database, 'pragma'>;
  readonly writer: Writer;
  readonly files: DatabaseFiles;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly seams: WriterSeams;
  /** Sends a message to the main thread. */
  send(message: FactWriterToMain<Terms>): void;
}

/** The work of the thread. */
export interface FactLoop<Fact> extends Part {
  readonly health: WriterHealth;
  /** Takes facts of the main thread. */
  receive(message: FactsMessage<Fact>): void;
}

/** How a program opens its database, and its loop. */
export interface FactThread<Data extends FactThreadData, Fact, Writer, Terms extends WriterTerms> {
  /** `log` takes what the main thread logs about the database. */
  open(data: Data, log: (level: 'info' | 'warn', sentence: string) => void): HeldDatabase<Writer>;
  makeLoop(parts: FactLoopParts<Writer, Terms>): FactLoop<Fact>;
}

/** Runs the thread whose entry calls it. */
export async function runFactWriter<Data extends FactThreadData, Fact, Writer, Terms extends WriterTerms>({
  open,
  makeLoop,
}: FactThread<Data, Fact, Writer, Terms>): Promise<void> {
  await runThread<Data, MainToFactWriter<Fact>, FactWriterToMain<Terms>>(({ data, send, place }) => {
    const { path, seams } = data;
    const log = (level: 'info' | 'warn', sentence: string) =>
      send({ type: 'log', level, sentence: `database: ${sentence}` });
    const opened = open(data, log);
    const { database, writer } = opened;
    const loop = makeLoop({
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
    place.defer(() => closeHeld(opened, !loop.health.isFatal && loop.health.areFilesWhole(), log));
    return loop;
  });
}
