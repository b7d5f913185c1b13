// Reads the ticks that any process of the cluster published, from the stream of published statistics: the newest for the
// API, and all since this database's last one for its history. It publishes nothing and decides nothing. It asks for
// single messages, so it has no consumer that the brokers could lose.

import type { FencedStream } from '../../io/fenced-stream.ts';
import { describe } from '../../io/nats.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { readTickRecord, TICK_ORDER, TickAssembly, type WholeTick } from '../domain/published-tick.ts';

/** What a {@link StatsReader} needs of its owner. */
export interface StatsReaderParts {
  /** The stream of published statistics; null while there is no connection. */
  stream(): FencedStream | null;
  readonly timers: Timers;
  /** The moment of the last tick in this database's history, ms since the epoch; null if it has none. */
  readonly storedMs: number | null;
  /** The newest whole tick, each time that there is a newer one. */
  newest(tick: WholeTick): void;
  /** A whole tick that the history lacks; in order, each once. */
  missing(tick: WholeTick): void;
  /** The stream could not be read for this reason; null if it is read again. Called at each change. */
  problem(reason: string | null): void;
}

/** Time between two looks at the stream, in ms. */
const LOOK_MS = 1_000;
/** Messages that are asked for at the same time. */
const TOGETHER = 16;
/** The newest whole tick is looked for in this number of the newest messages: several ticks may be incomplete. */
const NEWEST_AMONG = 4 * TICK_ORDER.length;

/** The reader of one process. */
export class StatsReader implements Part {
  readonly #parts: StatsReaderParts;
  readonly #assembly = new TickAssembly();
  /** The stream that is read, by the time at which it was made; null before the first look. */
  #created: string | null = null;
  #nextSeq = 1;
  #newestMs = -Infinity;
  #storedMs: number;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #isAsked = false;
  #isStopped = false;
  #problem: string | null = null;

  constructor(parts: StatsReaderParts) {
    this.#parts = parts;
    this.#storedMs = parts.storedMs ?? -Infinity;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Looks at once: this process has published a tick. */
  look(): void {
    if (this.#isStopped) return;
    this.#isAsked = true;
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    do {
      this.#isAsked = false;
      await this.#once();
    } while (this.#isAsked && !this.#isStopped);
    if (this.#isStopped) return;
    this.#timer = this.#parts.timers.after(LOOK_MS, () => {
      this.#timer = null;
      this.#running = this.#run();
    });
  }

  async #once(): Promise<void> {
    const stream = this.#parts.stream();
    // That there is no connection is told elsewhere.
    if (stream === null) return;
    try {
      await this.#read(stream);
      this.#tell(null);
    } catch (error) {
      this.#tell(describe(error));
    }
  }

  async #read(stream: FencedStream): Promise<void> {
    const ends = await stream.ends();
    // The publisher makes it.
    if (ends === null) return;
    if (ends.created !== this.#created || ends.lastSeq < this.#nextSeq - 1) {
      await this.#readNewest(stream, ends.firstSeq, ends.lastSeq);
      this.#nextSeq = await this.#firstMissing(stream, ends.firstSeq, ends.lastSeq);
      this.#created = ends.created;
      this.#assembly.drop();
    }
    while (this.#nextSeq <= ends.lastSeq && !this.#isStopped) {
      const until = Math.min(this.#nextSeq + TOGETHER - 1, ends.lastSeq);
      const ticks = await readTicks(stream, this.#assembly, this.#nextSeq, until);
      this.#nextSeq = until + 1;
      for (const tick of ticks) this.#take(tick);
    }
  }

  /** The newest whole tick first, because the API waits for it; the history may be long. */
  async #readNewest(stream: FencedStream, firstSeq: number, lastSeq: number): Promise<void> {
    const fromSeq = Math.max(firstSeq, lastSeq - NEWEST_AMONG + 1);
    const newest = (await readTicks(stream, new TickAssembly(), fromSeq, lastSeq)).at(-1);
    if (newest !== undefined) this.#show(newest);
  }

  /** The sequence from which on messages belong to ticks after the last stored one. Ticks stand in the order of time. */
  async #firstMissing(stream: FencedStream, firstSeq: number, lastSeq: number): Promise<number> {
    let [low, high] = [Math.max(1, firstSeq), lastSeq + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const message = await stream.message(middle);
      const t = message === null ? undefined : readTickRecord(message)?.header.t;
      if (t !== undefined && t > this.#storedMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #take(tick: WholeTick): void {
    this.#show(tick);
    if (tick.header.t <= this.#storedMs) return;
    this.#storedMs = tick.header.t;
    this.#parts.missing(tick);
  }

  #show(tick: WholeTick): void {
    if (tick.header.t <= this.#newestMs) return;
    this.#newestMs = tick.header.t;
    this.#parts.newest(tick);
  }

  #tell(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#parts.problem(problem);
  }
}

/** The whole ticks in a range of sequences, both ends included. */
async function readTicks(
  stream: FencedStream,
  assembly: TickAssembly,
  fromSeq: number,
  toSeq: number,
): Promise<readonly WholeTick[]> {
  const sequences = Array.from({ length: Math.max(0, toSeq - fromSeq + 1) }, (_, index) => fromSeq + index);
  const messages = await Promise.all(sequences.map((seq) => stream.message(seq)));
  const ticks: WholeTick[] = [];
  for (const message of messages) {
    const record = message === null ? null : readTickRecord(message);
    if (record === null) assembly.drop();
    const tick = record === null ? null : assembly.add(record);
    if (tick !== null) ticks.push(tick);
  }
  return ticks;
}
