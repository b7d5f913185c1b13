// Hands messages over to the writer in batches, at most so many under way. When the writer is slow it says so, and
// JetStream is read no further; plain NATS cannot be held back, so what does not fit waits in a bounded backlog, and over
// the bound presence is shed first and facts last (docs/federation.md#shedding).

import { type Batch, BatchFiller, type BatchMessage, createBatch, readBatch } from './batch.ts';
import { MessageQueue, type Spares } from './message-queue.ts';
import { systemTimers, type Timer, type Timers } from '../../lib/timers.ts';

export interface HandoverOptions {
  readonly batchMessagesMax: number;
  readonly batchBytesMax: number;
  /** Longest that a message waits for its batch to fill while the writer has nothing to do, in ms. */
  readonly idleTimeMs: number;
  /** Longest that it waits while the writer is at work: the fuller the batch, the less work it is. */
  readonly batchTimeMs: number;
  /** Batches that the writer may hold at once. */
  readonly batchesMax: number;
  /** Payload that may wait beyond the batches, where the source cannot be held back. */
  readonly backlogBytesMax: number;
}

export interface HandoverParts {
  /** Gives a batch to the writer; it comes back through {@link Handover.giveBack}. */
  send(batch: Batch): void;
  /** The writer cannot follow: read no further, if the source can be held back. */
  full(): void;
  /** True on plain NATS; JetStream is held back instead, and what still arrives is what was asked for. */
  mayShed(): boolean;
  /** There is room again. */
  roomy(): void;
  /** A message on this subject was thrown away for want of room. */
  shed(subject: number): void;
}

/** Most messages in one transaction: above this a commit gains nothing (measured) and memory only grows. */
const BATCH_MESSAGES_MAX = 32_000;
/** Payload that one batch carries from the source thread to the writer's: 16,000 messages as monitors send them. */
export const BATCH_BYTES_MAX = 8_388_608;
/** Batches that the writer may hold: one in work, the others waiting. Then the source reads no further. */
export const BATCHES_UNDER_WAY_MAX = 4;
/** Longest wait before a batch is committed: above this it only gets later. */
export const BATCH_TIME_MS = 250;
/** The same while the writer has nothing to do, so that thin traffic is committed soon. */
const BATCH_IDLE_TIME_MS = 100;
/** Payload that plain NATS may hold in memory before it sheds, presence first (docs/federation.md#shedding). */
const PLAIN_BACKLOG_BYTES_MAX = 134_217_728;

/** How the program hands over. */
export const HANDOVER: HandoverOptions = {
  batchMessagesMax: BATCH_MESSAGES_MAX,
  batchBytesMax: BATCH_BYTES_MAX,
  idleTimeMs: BATCH_IDLE_TIME_MS,
  batchTimeMs: BATCH_TIME_MS,
  batchesMax: BATCHES_UNDER_WAY_MAX,
  backlogBytesMax: PLAIN_BACKLOG_BYTES_MAX - BATCHES_UNDER_WAY_MAX * BATCH_BYTES_MAX,
};

/** Subjects in the order in which they are shed: heartbeats, received, invoices, completed, joins, leaves, others first of all. */
const SHED_ORDER = [6, 3, 0, 2, 1, 4, 5];

export class Handover {
  readonly #options: HandoverOptions;
  readonly #parts: HandoverParts;
  /** What waits beyond the batches on plain NATS, per subject, each in its order. */
  readonly #backlog: readonly MessageQueue[];
  /** What waits of a stream, in its order: the position would take a sequence passed over for lost. */
  readonly #inOrder: MessageQueue;
  readonly #spare: Batch[] = [];
  #backlogBytes = 0;
  #filler: BatchFiller | null = null;
  #underWay = 0;
  #isFull = false;
  readonly #timers: Timers;
  #timer: Timer | null = null;
  /** When the batch being filled goes, full or not. */
  #goes: 'later' | 'whenIdle' | 'now' = 'later';

  constructor(options: HandoverOptions, parts: HandoverParts, timers = systemTimers) {
    this.#options = options;
    this.#parts = parts;
    this.#timers = timers;
    const spares: Spares = [];
    this.#backlog = SHED_ORDER.map(() => new MessageQueue(spares));
    this.#inOrder = new MessageQueue(spares);
  }

  /** Payload bytes that wait and are not yet with the writer. */
  get waitingBytes(): number {
    return this.#backlogBytes + (this.#filler?.batch.payloadBytes ?? 0);
  }

  /** Takes a message; its payload is copied. */
  add(message: BatchMessage): void {
    if (this.#backlogBytes > 0 || !this.#pack(message)) this.#keep(message);
    this.#arm();
  }

  /** Sends what waits, as far as the writer may be given more. */
  flush(): void {
    const batch = this.#filler?.batch;
    if (batch === undefined || batch.count === 0 || this.#underWay >= this.#options.batchesMax) return;
    this.stop();
    this.#filler = null;
    this.#underWay++;
    this.#parts.send(batch);
    this.#noteRoom();
  }

  /** Nothing more comes for a while: what waits goes as soon as the writer has nothing to do. */
  settle(): void {
    if (this.#goes !== 'later' || (this.#filler?.batch.count ?? 0) === 0) return;
    this.stop();
    this.#idleDue();
  }

  /** The writer is done with a batch. */
  giveBack(batch: Batch): void {
    this.#underWay--;
    this.#spare.push(batch);
    this.#unload();
    if (this.#goes === 'now' || (this.#goes === 'whenIdle' && this.#underWay === 0)) this.flush();
    // What came out of the backlog is in a batch that nobody added to.
    if ((this.#filler?.batch.count ?? 0) > 0) this.#arm();
    this.#noteRoom();
  }

  /** Nothing waits and nothing is with the writer. */
  get isEmpty(): boolean {
    return this.#underWay === 0 && this.#backlogBytes === 0 && (this.#filler?.batch.count ?? 0) === 0;
  }

  /** Forgets what waits of a stream: it will be read again from there. What plain NATS brought is nowhere else, and stays. */
  discard(): void {
    for (let next = this.#inOrder.peek(); next !== null; next = this.#inOrder.peek())
      this.#drop(this.#inOrder, next);
    const batch = this.#filler?.batch;
    this.stop();
    this.#filler = null;
    if (batch !== undefined) {
      const kept: BatchMessage[] = [];
      readBatch(batch, (message) => {
        if (message.seq === null) kept.push({ ...message, payload: new Uint8Array(message.payload) });
      });
      this.#spare.push(batch);
      for (const message of kept) this.#fill().add(message);
      if (kept.length > 0) this.#arm();
    }
    this.#noteRoom();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#goes = 'later';
  }

  #arm(): void {
    this.#timer ??= this.#timers.after(this.#options.idleTimeMs, () => this.#idleDue());
  }

  #idleDue(): void {
    this.#goes = 'whenIdle';
    const { batchTimeMs, idleTimeMs } = this.#options;
    this.#timer = this.#timers.after(Math.max(0, batchTimeMs - idleTimeMs), () => this.#due());
    if (this.#underWay === 0) this.flush();
  }

  #due(): void {
    this.#goes = 'now';
    this.flush();
  }

  /** Puts a message into the batch being filled, or into the next if that one can go. */
  #pack(message: BatchMessage): boolean {
    if (this.#fill().add(message)) return true;
    this.flush();
    return this.#filler === null && this.#fill().add(message);
  }

  #fill(): BatchFiller {
    const { batchMessagesMax, batchBytesMax } = this.#options;
    this.#filler ??= new BatchFiller(this.#spare.pop() ?? createBatch(batchMessagesMax, batchBytesMax));
    return this.#filler;
  }

  #keep(message: BatchMessage): void {
    const queue = message.seq === null ? this.#backlog[message.subject] : this.#inOrder;
    queue?.push(message);
    this.#backlogBytes += sizeOf(message);
    if (this.#parts.mayShed()) this.#shed();
    this.#noteRoom();
  }

  #shed(): void {
    for (const subject of SHED_ORDER) {
      const waiting = this.#backlog[subject];
      while (this.#backlogBytes > this.#options.backlogBytesMax) {
        const oldest = waiting?.peek() ?? null;
        if (waiting === undefined || oldest === null) break;
        this.#drop(waiting, oldest);
        this.#parts.shed(subject);
      }
    }
  }

  /** Moves what waits into batches in the order of arrival: limits are judged on the messages' times, which must not go back. */
  #unload(): void {
    for (let queue = this.#longestWaiting(); queue !== null; queue = this.#longestWaiting()) {
      const next = queue.peek();
      if (next === null || !this.#pack(next)) return;
      this.#drop(queue, next);
    }
  }

  #drop(queue: MessageQueue, head: BatchMessage): void {
    this.#backlogBytes -= sizeOf(head);
    queue.shift();
  }

  /** The queue whose head came first; null if nothing waits. The observed clock says it, for the wall clock may be set back. */
  #longestWaiting(): MessageQueue | null {
    if (this.#inOrder.peek() !== null) return this.#inOrder;
    let found: MessageQueue | null = null;
    let first: BatchMessage | null = null;
    for (const queue of this.#backlog) {
      const head = queue.peek();
      if (head === null || (first !== null && !cameBefore(head, first))) continue;
      found = queue;
      first = head;
    }
    return found;
  }

  #noteRoom(): void {
    const isFull = this.#underWay >= this.#options.batchesMax || this.#backlogBytes > 0;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#parts.full();
    else this.#parts.roomy();
  }
}

function cameBefore(one: BatchMessage, other: BatchMessage): boolean {
  return one.observedMs === other.observedMs ? one.atMs < other.atMs : one.observedMs < other.observedMs;
}

/** What a waiting message costs; an empty one is an object all the same. */
function sizeOf(message: BatchMessage): number {
  return message.payload.length + (message.credential?.length ?? 0) + 64;
}
