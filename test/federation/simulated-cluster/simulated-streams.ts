// The streams of the simulated brokers that hold what the cluster itself stores: the log, the commands, the records, and
// the published statistics. Each may lose what it holds. They judge nothing.

import type { FencedMessage, FencedStream } from '../../../src/io/fenced-stream.ts';
import { FenceRefusal } from '../../../src/io/fenced-stream.ts';
import { RecordConflict, type RecordStream, type StoredRecord } from '../../../src/io/record-stream.ts';
import type { StreamEntries } from '../../../src/io/stream-entries.ts';
import { readTickRecord, type TickRecord } from '../../../src/federation/domain/published-tick.ts';
import type { StreamFacts } from '../../../src/federation/domain/stream-facts.ts';
import type { SimulatedProcess, Surroundings } from './simulated-process.ts';

interface Stored {
  readonly seq: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** A stream of bytes: the log of the partition, or the stream of commands. */
export class SimulatedStream {
  readonly name: string;
  created = '';
  messages: Stored[] = [];
  firstSeq = 1;
  lastSeq = 0;
  readonly #world: Surroundings;

  constructor(name: string, world: Surroundings) {
    this.name = name;
    this.#world = world;
    this.make();
  }

  make(): void {
    this.created = new Date(this.#world.time.nowMs()).toISOString();
    this.messages = [];
    this.firstSeq = 1;
    this.lastSeq = 0;
  }

  append(bytes: Uint8Array): void {
    this.messages.push({ seq: ++this.lastSeq, atMs: this.#world.time.nowMs(), bytes });
  }

  /** The stream forgets what it stored after this sequence, and gives the sequences away again. */
  loseAfter(seq: number): void {
    this.lastSeq = Math.max(this.firstSeq - 1, Math.min(seq, this.lastSeq));
    this.messages = this.messages.filter((message) => message.seq <= this.lastSeq);
  }

  purge(upto: number): void {
    this.firstSeq = Math.max(this.firstSeq, Math.min(upto, this.lastSeq) + 1);
    this.messages = this.messages.filter(({ seq }) => seq >= this.firstSeq);
  }

  get facts(): StreamFacts {
    const { name, created, firstSeq, lastSeq } = this;
    return { name, created, firstSeq, lastSeq };
  }

  /** As the program reads a small stream. */
  entriesFor(process: SimulatedProcess): StreamEntries {
    return {
      extent: () =>
        process.request(() => {
          const { created, firstSeq, lastSeq, messages } = this;
          return { created, firstSeq, lastSeq, count: messages.length };
        }),
      read: (fromSeq, toSeq) =>
        process.request(() => this.messages.filter(({ seq }) => seq >= fromSeq && seq <= toSeq)),
      append: (_subject, bytes) => process.request(() => this.append(bytes)),
    };
  }
}

/** The records of the cluster: the last one of each subject. */
export class SimulatedRecords {
  readonly #world: Surroundings;
  readonly #records = new Map<string, StoredRecord>();
  #seq = 0;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  /** The stream is deleted and made anew. */
  lose(): void {
    this.#records.clear();
    this.#seq = 0;
  }

  for(process: SimulatedProcess): RecordStream {
    return {
      read: (subject) => process.request(() => this.#records.get(subject) ?? null),
      write: (subject, text, expectedSeq) =>
        process.request(() => {
          if (expectedSeq !== null && expectedSeq !== (this.#records.get(subject)?.seq ?? 0))
            throw new RecordConflict('conflict');
          const seq = ++this.#seq;
          this.#records.set(subject, { seq, text, atMs: this.#world.time.nowMs() });
          return seq;
        }),
    };
  }
}

/** A message that the broker republished to monitors. */
export interface HeardTick extends TickRecord {
  readonly atMs: number;
}

/** The stream of published statistics. */
export class SimulatedStats {
  /** Everything that monitors have heard. */
  readonly heard: HeardTick[] = [];
  /** Number of messages that the fence refused. */
  refused = 0;
  /** Called when a message of this process was stored. */
  stored: (process: SimulatedProcess) => void = () => undefined;
  /** False only to show what the fence is for. */
  isFenced = true;
  #created = 1;
  #messages: FencedMessage[] = [];
  readonly #world: Surroundings;

  constructor(world: Surroundings) {
    this.#world = world;
  }

  lose(): void {
    this.#created++;
    this.#messages = [];
  }

  for(process: SimulatedProcess): FencedStream {
    return {
      ends: () =>
        process.request(() => ({
          firstSeq: 1,
          lastSeq: this.#messages.length,
          created: `made ${this.#created}`,
        })),
      message: (seq) => process.request(() => this.#messages[seq - 1] ?? null),
      lastOf: (subject) =>
        process.request(() => this.#messages.findLast((message) => message.subject === subject) ?? null),
      append: (subject, payload, headers, lastSeq) =>
        process.request(() => {
          if (this.isFenced && lastSeq !== this.#messages.length) {
            this.refused++;
            throw new FenceRefusal('refused');
          }
          const atMs = this.#world.time.nowMs();
          const seq = this.#messages.length + 1;
          const text = Buffer.from(payload).toString();
          const message = { seq, subject, payload: text, atMs, header: (name: string) => headers.get(name) };
          this.#messages.push(message);
          const record = readTickRecord(message);
          if (record === null) throw new Error('a message that is no tick');
          this.heard.push({ ...record, atMs });
          this.stored(process);
        }),
    };
  }
}
