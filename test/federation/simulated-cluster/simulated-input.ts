// An input stream of the simulated cluster: its messages, by a clock of its own, and the faults of such a stream. It can be
// away, lose messages, be purged, and be made anew. Splitters read it as they read the stream of a broker.

import type {
  InputFacts,
  InputSink,
  InputStream,
  OpenInput,
} from '../../../src/federation/sources/split-parts.ts';
import type { StreamMessage } from '../threads/log-of-rounds.ts';
import { subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import type { SimulatedProcess, Surroundings } from './simulated-process.ts';

const PULL_MS = 80;
const PULL_MESSAGES = 200;
const indexOf = subjectIndex(false);

/** One life of the stream, from its making to its deletion. */
export interface Incarnation {
  readonly created: string;
  readonly messages: StreamMessage[];
  /** Sequences that the stream no longer holds. */
  readonly removed: Set<number>;
}

export class SimulatedInput {
  readonly name: string;
  readonly incarnations: Incarnation[] = [];
  /** By how much the clock of its broker is wrong, in ms. */
  aheadMs = 0;
  isAway = false;
  /** False for brokers that do not tell their time. */
  readonly saysTime: boolean;
  readonly #world: Surroundings;
  readonly #open = new Set<{ broken(reason: string): void }>();

  constructor(name: string, world: Surroundings, saysTime: boolean) {
    this.name = name;
    this.#world = world;
    this.saysTime = saysTime;
    this.make();
  }

  /** The stream is deleted and made anew; what was in it is gone. */
  make(): void {
    const created = new Date(this.#world.time.nowMs()).toISOString();
    this.incarnations.push({ created, messages: [], removed: new Set() });
    for (const input of this.#open) input.broken('the consumer is gone');
  }

  get current(): Incarnation {
    const last = this.incarnations.at(-1);
    if (last === undefined) throw new Error('no stream');
    return last;
  }

  get lastSeq(): number {
    return this.current.messages.length;
  }

  get brokerMs(): number {
    return this.#world.time.nowMs() + this.aheadMs;
  }

  publish(message: Omit<StreamMessage, 'seq' | 'atMs'>): void {
    this.current.messages.push({ ...message, seq: this.lastSeq + 1, atMs: this.brokerMs });
  }

  purge(upto: number): void {
    for (let seq = 1; seq <= Math.min(upto, this.lastSeq); seq++) this.current.removed.add(seq);
  }

  /** The stream no longer holds this message, which it had. */
  purgeOne(seq: number): void {
    if (seq <= this.lastSeq) this.current.removed.add(seq);
  }

  /** The stream as this process reads it. */
  for(process: SimulatedProcess): InputStream {
    return {
      facts: () => process.request(() => this.#facts(), !this.isAway),
      storedAtMs: (seq) =>
        process.request(
          () => (this.current.removed.has(seq) ? null : (this.current.messages[seq - 1]?.atMs ?? null)),
          !this.isAway,
        ),
      read: async (fromSeq, sink) => {
        const incarnation = this.current;
        await process.request(() => undefined, !this.isAway);
        return this.#read(fromSeq, sink, process, incarnation);
      },
    };
  }

  #facts(): InputFacts {
    const { created, removed } = this.current;
    const { lastSeq } = this;
    let firstSeq = 1;
    while (removed.has(firstSeq)) firstSeq++;
    const deleted = [...removed].filter((seq) => seq > firstSeq).length;
    const brokerMs = this.saysTime ? this.brokerMs : null;
    return { name: this.name, created, firstSeq, lastSeq, deleted, brokerMs };
  }

  #read(fromSeq: number, sink: InputSink, process: SimulatedProcess, incarnation: Incarnation): OpenInput {
    const { time, random } = this.#world;
    let next = fromSeq;
    let isPaused = false;
    let isOver = false;
    let askedMs = time.monotonicMs();
    const open = {
      broken: (reason: string) => {
        stop();
        process.after(5, () => sink.broken(reason));
      },
    };
    const stop = () => {
      isOver = true;
      this.#open.delete(open);
    };
    const held = () =>
      incarnation.messages.slice(next - 1).filter(({ seq }) => !incarnation.removed.has(seq));
    const pull = () => {
      if (isOver) return;
      if (random() < this.#world.faults / 10) return open.broken('the delivery broke');
      if (!this.isAway && !isPaused) deliver();
      askedMs = time.monotonicMs();
      process.after(PULL_MS, pull);
    };
    const deliver = () => {
      const all = held();
      const heardMs = time.monotonicMs();
      for (const [index, { seq, atMs, subject, payload, credential = null }] of all
        .slice(0, PULL_MESSAGES)
        .entries()) {
        if (isOver) return;
        next = seq + 1;
        const pending = all.length - index - 1;
        sink.message({
          seq,
          atMs,
          subject: indexOf(subject),
          payload: Buffer.from(payload),
          credential,
          heardMs,
          pending,
        });
      }
      if (all.length <= PULL_MESSAGES && !isOver) sink.ended(askedMs);
    };
    this.#open.add(open);
    if (incarnation !== this.current) open.broken('the consumer is gone');
    else process.after(1, pull);
    return {
      waiting: held().length,
      pause: () => (isPaused = true),
      resume: () => (isPaused = false),
      stop,
    };
  }
}
