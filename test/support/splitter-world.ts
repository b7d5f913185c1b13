// Input stream, logs, records and time in memory, with faults by a seed: splitters run in it without a broker, and
// receivers follow the logs by the rule of docs/cluster.md.

import { RecordConflict, type RecordStream, type StoredRecord } from '../../src/io/record-stream.ts';
import { sourceName } from '../../src/federation/domain/cluster.ts';
import { decodeRound, entriesOf, type RoundHeader } from '../../src/federation/domain/round.ts';
import type { EncodedRound } from '../../src/federation/sources/round-draft.ts';
import type {
  InputFacts,
  InputSink,
  OpenInput,
  SplitterParts,
} from '../../src/federation/sources/split-parts.ts';
import { Splitter } from '../../src/federation/sources/splitter.ts';
import { EventTime, numbersOf } from './event-time.ts';

const ANSWER_MS = 2_000;
const PULL_MS = 100;
const SHARD = 'SHARD';

interface Stored {
  readonly seq: number;
  readonly atMs: number;
  readonly payload: Buffer;
}

/** What a receiver has of one source. */
interface Taken {
  readonly first: number;
  upto: number;
  readonly payloads: Map<number, string>;
  /** Sequences that a lost entry covered. */
  readonly lost: Set<number>;
}

/** Everything outside the splitters. */
export class SplitterWorld {
  readonly time = new EventTime();
  readonly random: () => number;
  readonly partitions: number;
  /** Shares of requests that fail, from 0 to 1. */
  faults = 0;
  isAway = false;
  /** The partition that reads nothing for a while; null if all read. */
  resting: number | null = null;
  /** Everything that the stream ever stored, by incarnation as the splitters name it, and what it no longer holds. */
  readonly published: Stored[] = [];
  readonly removed = new Set<number>();
  readonly logs: { bytes: Uint8Array }[][];
  readonly receivers: readonly { readonly taken: Map<string, Taken>; read: number; holes: number }[];
  readonly sentences: string[] = [];
  #record: StoredRecord | null = null;
  #recordSeq = 0;
  #number = 0;
  readonly #alive = new Set<{ splitter: Splitter; isAlive: boolean }>();

  constructor(seed: number, partitions: number) {
    this.random = numbersOf(seed);
    this.partitions = partitions;
    this.logs = Array.from({ length: partitions }, () => []);
    this.receivers = this.logs.map(() => ({ taken: new Map(), read: 0, holes: 0 }));
    this.time.every(50, () => this.#receive());
    this.time.every(2_000, () => this.#askAgain());
  }

  get lastSeq(): number {
    return this.published.at(-1)?.seq ?? 0;
  }

  publish(count: number): void {
    for (let index = 0; index < count; index++) {
      const number = this.#number++;
      const text =
        number % 9 === 0 ? `rubbish ${number}` : JSON.stringify({ nodeId: `n${number % 20}`, number });
      this.published.push({ seq: this.lastSeq + 1, atMs: this.time.nowMs(), payload: Buffer.from(text) });
    }
  }

  /** The stream no longer holds anything up to this sequence. */
  purge(upto: number): void {
    for (const { seq } of this.published) if (seq <= upto) this.removed.add(seq);
  }

  /** The records are gone. */
  loseRecords(): void {
    this.#record = null;
  }

  /** A log loses its newest rounds, although it has acknowledged them; some of them may have been read. */
  eraseEnd(partition: number, rounds: number): void {
    const log = this.logs[partition] ?? [];
    log.length = Math.max(0, log.length - rounds);
    const receiver = this.receivers[partition];
    if (receiver !== undefined) receiver.read = Math.min(receiver.read, log.length);
  }

  start(maker: string): { kill(): void; readonly splitter: Splitter } {
    const process = { isAlive: true };
    const splitter = new Splitter(
      { shard: SHARD, maker, partitions: this.partitions },
      this.#parts(() => process.isAlive),
    );
    const entry = Object.assign(process, { splitter });
    this.#alive.add(entry);
    void splitter.start();
    return {
      splitter,
      kill: () => {
        entry.isAlive = false;
        this.#alive.delete(entry);
      },
    };
  }

  /** A killed process runs no timer and hears no answer, but what it sent may still arrive. */
  #parts(isAlive: () => boolean): SplitterParts {
    const { time, random } = this;
    const guarded = (run: () => void) => () => {
      if (isAlive()) run();
    };
    return {
      stream: {
        facts: () => this.#answer(isAlive, () => this.#facts()),
        storedAtMs: (seq) =>
          this.#answer(isAlive, () =>
            this.removed.has(seq) ? null : (this.published[seq - 1]?.atMs ?? null),
          ),
        read: (fromSeq, sink) => this.#answer(isAlive, () => this.#read(fromSeq, sink, isAlive)),
      },
      append: (round) => this.#append(round, isAlive),
      records: this.#records(isAlive),
      positions: () =>
        this.#answer(isAlive, () =>
          this.receivers.flatMap(({ taken }) =>
            [...taken].map(([name, { upto }]) => ({
              stream: SHARD,
              incarnation: name.split('@')[1] ?? '',
              upto,
            })),
          ),
        ),
      clock: time,
      timers: {
        after: (delayMs, run) => time.after(delayMs, guarded(run)),
        every: (intervalMs, run) => time.every(intervalMs, guarded(run)),
      },
      random,
      log: (_level, sentence) => this.sentences.push(sentence),
    };
  }

  async #answer<T>(isAlive: () => boolean, answer: () => T, canFail = true): Promise<T> {
    const isLost = this.isAway || (canFail && this.random() < this.faults);
    await this.time.wait(isLost ? ANSWER_MS : 1 + this.random() * 20);
    // A killed process never goes on.
    if (!isAlive()) return new Promise(() => undefined);
    if (isLost) throw new Error('timeout');
    return answer();
  }

  #facts(): InputFacts {
    const held = this.published.filter(({ seq }) => !this.removed.has(seq));
    const firstSeq = held[0]?.seq ?? this.lastSeq + 1;
    const deleted = this.lastSeq - firstSeq + 1 - held.length;
    return {
      name: SHARD,
      created: 'c',
      firstSeq,
      lastSeq: this.lastSeq,
      deleted,
      brokerMs: this.time.nowMs(),
    };
  }

  #read(fromSeq: number, sink: InputSink, isAlive: () => boolean): OpenInput {
    let next = fromSeq;
    let isPaused = false;
    let isOver = false;
    let askedMs = this.time.monotonicMs();
    const pull = () => {
      if (isOver || !isAlive()) return;
      if (!this.isAway && !isPaused)
        this.#deliver(
          sink,
          next,
          askedMs,
          (seq) => (next = seq + 1),
          () => isOver,
        );
      askedMs = this.time.monotonicMs();
      if (this.random() < this.faults / 10) {
        isOver = true;
        return sink.broken('the delivery broke');
      }
      this.time.after(PULL_MS, pull);
    };
    this.time.after(1, pull);
    const waiting = this.published.filter(({ seq }) => seq >= fromSeq && !this.removed.has(seq)).length;
    return {
      waiting,
      pause: () => (isPaused = true),
      resume: () => (isPaused = false),
      stop: () => (isOver = true),
    };
  }

  #deliver(
    sink: InputSink,
    from: number,
    askedMs: number,
    taken: (seq: number) => void,
    isOver: () => boolean,
  ): void {
    const held = this.published.slice(from - 1).filter(({ seq }) => !this.removed.has(seq));
    const heardMs = this.time.monotonicMs();
    for (const [index, { seq, atMs, payload }] of held.slice(0, 500).entries()) {
      if (isOver()) return;
      taken(seq);
      sink.message({
        seq,
        atMs,
        payload,
        subject: 0,
        credential: null,
        heardMs,
        pending: held.length - index - 1,
      });
    }
    if (held.length <= 500 && !isOver()) sink.ended(askedMs);
  }

  async #append({ partition, bytes }: EncodedRound, isAlive: () => boolean): Promise<void> {
    const chance = this.random();
    const isStored = chance >= this.faults / 2;
    const isAnswered = chance >= this.faults;
    const log = this.logs[partition];
    // Rounds of one connection arrive in order; some of a killed process arrive late.
    await this.time.wait(5);
    if (isStored) log?.push({ bytes });
    await this.time.wait(isAnswered ? 5 + this.random() * 30 : ANSWER_MS);
    if (!isAlive()) return new Promise(() => undefined);
    if (!isAnswered) throw new Error('timeout');
  }

  #records(isAlive: () => boolean): RecordStream {
    return {
      read: () => this.#answer(isAlive, () => this.#record),
      write: async (_subject, text, expectedSeq) => {
        const hasConflict = expectedSeq !== null && expectedSeq !== (this.#record?.seq ?? 0);
        if (!hasConflict && this.random() >= this.faults / 2)
          this.#record = { seq: ++this.#recordSeq, text, atMs: this.time.nowMs() };
        const { seq = 0 } = this.#record ?? {};
        return this.#answer(isAlive, () => {
          if (hasConflict) throw new RecordConflict('conflict');
          return seq;
        });
      },
    };
  }

  #receive(): void {
    for (const [partition, receiver] of this.receivers.entries()) {
      if (partition === this.resting) continue;
      const log = this.logs[partition] ?? [];
      for (; receiver.read < log.length; receiver.read++)
        this.#take(partition, receiver, log[receiver.read]?.bytes ?? new Uint8Array());
    }
  }

  #take(partition: number, receiver: (typeof this.receivers)[number], bytes: Uint8Array): void {
    const round = decodeRound(bytes);
    if (round.type === 'fault') throw new Error(round.reason);
    const { header } = round;
    const name = sourceName(header.source);
    const taken = receiver.taken.get(name) ?? {
      first: header.first,
      upto: header.first - 1,
      payloads: new Map(),
      lost: new Set(),
    };
    receiver.taken.set(name, taken);
    if (header.to <= taken.upto) return;
    if (header.from > taken.upto) {
      receiver.holes++;
      this.#holes.set(partition, { header, upto: taken.upto });
      this.#ask(partition);
      return;
    }
    for (const { seq, payload, lost } of entriesOf(round)) {
      if (seq <= taken.upto) continue;
      const gone = Math.min(lost ?? 0, seq - taken.upto);
      for (let back = 0; back < gone; back++) taken.lost.add(seq - back);
      if (lost === undefined) taken.payloads.set(seq, Buffer.from(payload).toString());
    }
    taken.upto = header.to;
    if ((this.#holes.get(partition)?.upto ?? Infinity) < taken.upto) this.#holes.delete(partition);
  }

  readonly #holes = new Map<number, { readonly header: RoundHeader; readonly upto: number }>();

  #ask(partition: number): void {
    const hole = this.#holes.get(partition);
    if (hole === undefined || this.random() < this.faults) return;
    const request = { source: hole.header.source, upto: hole.upto, partition };
    this.time.after(10, () => {
      for (const { splitter, isAlive } of this.#alive) if (isAlive) splitter.heal(request);
    });
  }

  #askAgain(): void {
    for (const partition of this.#holes.keys()) this.#ask(partition);
  }
}
