// Hands messages to the writer in batches, a limited number at a time. When the writer is too slow it reports that, and
// the source stops reading JetStream. Plain NATS cannot be paused, so further messages wait in a bounded backlog. Over
// the bound it sheds presence messages first and facts last (docs/federation.md#shedding).

import { type Batch, BatchFiller, type BatchMessage, createBatch, readBatch } from './batch.ts';
import { MessageQueue, type Spares } from './message-queue.ts';
import { systemTimers, type Timer, type Timers } from '../../lib/timers.ts';

/** Sizes and times of the handover. */
export interface HandoverOptions {
  readonly batchMessagesMax: number;
  readonly batchBytesMax: number;
  /** Maximum time, in ms, that a message waits for its batch to fill while the writer is idle. */
  readonly idleTimeMs: number;
  /** Maximum time while the writer is busy: a fuller batch is less work. */
  readonly batchTimeMs: number;
  /** Maximum number of batches that the writer holds at once. */
  readonly batchesMax: number;
  /** Maximum payload that waits beyond the batches if the source cannot be paused. */
  readonly backlogBytesMax: number;
}

/** What a {@link Handover} needs of the source thread. */
export interface HandoverParts {
  /** Sends a batch to the writer; it comes back through {@link Handover.giveBack}. */
  send(batch: Batch): void;
  /** Called when the writer is too slow: the source must stop reading, if it can. */
  full(): void;
  /** True on plain NATS. JetStream is paused instead, and only messages already requested still arrive. */
  mayShed(): boolean;
  /** Called when there is room again. */
  roomy(): void;
  /** Called when a message on this subject was shed for lack of room. */
  shed(subject: number): void;
}

/**
 * Maximum number of messages in one transaction: beyond this a commit gains nothing (measured) and memory only grows.
 */
const BATCH_MESSAGES_MAX = 32_000;
/** Maximum payload of one batch from the source thread to the writer: 16,000 typical messages of monitors. */
export const BATCH_BYTES_MAX = 8_388_608;
/** Maximum number of batches at the writer: one in progress, the others waiting. Then the source stops reading. */
export const BATCHES_UNDER_WAY_MAX = 4;
/** Maximum wait before a batch is committed; a longer wait only delays it. */
export const BATCH_TIME_MS = 250;
/** The same while the writer is idle, so that sparse messages are committed soon. */
const BATCH_IDLE_TIME_MS = 100;
/** Maximum payload that plain NATS may hold in memory before it sheds, presence first (docs/federation.md#shedding). */
const PLAIN_BACKLOG_BYTES_MAX = 134_217_728;

/** The values with which the program runs. */
export const HANDOVER: HandoverOptions = {
  batchMessagesMax: BATCH_MESSAGES_MAX,
  batchBytesMax: BATCH_BYTES_MAX,
  idleTimeMs: BATCH_IDLE_TIME_MS,
  batchTimeMs: BATCH_TIME_MS,
  batchesMax: BATCHES_UNDER_WAY_MAX,
  backlogBytesMax: PLAIN_BACKLOG_BYTES_MAX - BATCHES_UNDER_WAY_MAX * BATCH_BYTES_MAX,
};

/**
 * Subject indexes in the order in which messages are shed: other subjects first, then heartbeats, received, invoices,
 * completed, joins, leaves.
 */
const SHED_ORDER = [6, 3, 0, 2, 1, 4, 5];

/** The batches and the backlog of the source thread. */
export class Handover {
  readonly #options: HandoverOptions;
  readonly #parts: HandoverParts;
  /** Waiting messages of plain NATS beyond the batches: one queue per subject, each in its order. */
  readonly #backlog: readonly MessageQueue[];
  /** Waiting messages of a stream, in one order, because the position would count a skipped sequence as lost. */
  readonly #inOrder: MessageQueue;
  readonly #spare: Batch[] = [];
  #backlogBytes = 0;
  #filler: BatchFiller | null = null;
  #underWay = 0;
  #isFull = false;
  readonly #timers: Timers;
  #timer: Timer | null = null;
  /** When to send the batch that is being filled, full or not. */
  #goes: 'later' | 'whenIdle' | 'now' = 'later';

  constructor(options: HandoverOptions, parts: HandoverParts, timers = systemTimers) {
    this.#options = options;
    this.#parts = parts;
    this.#timers = timers;
    const spares: Spares = [];
    this.#backlog = SHED_ORDER.map(() => new MessageQueue(spares));
    this.#inOrder = new MessageQueue(spares);
  }

  /** Payload bytes that wait and are not yet at the writer. */
  get waitingBytes(): number {
    return this.#backlogBytes + (this.#filler?.batch.payloadBytes ?? 0);
  }

  /** True if a message waits that is not yet with the writer; it may have no payload. */
  get isWaiting(): boolean {
    return this.#backlogBytes > 0 || (this.#filler?.batch.count ?? 0) > 0;
  }

  /** Adds a message and copies its payload. */
  add(message: BatchMessage): void {
    if (this.#backlogBytes > 0 || !this.#pack(message)) this.#keep(message);
    this.#arm();
  }

  /** Sends the current batch, if the writer may get another one. */
  flush(): void {
    const batch = this.#filler?.batch;
    if (batch === undefined || batch.count === 0 || this.#underWay >= this.#options.batchesMax) return;
    this.stop();
    this.#filler = null;
    this.#underWay++;
    this.#parts.send(batch);
    this.#noteRoom();
  }

  /** No message will come for a while: sends the current batch as soon as the writer is idle. */
  settle(): void {
    if (this.#goes !== 'later' || (this.#filler?.batch.count ?? 0) === 0) return;
    this.stop();
    this.#idleDue();
  }

  /** The writer has finished a batch and gives it back. */
  giveBack(batch: Batch): void {
    this.#underWay--;
    this.#spare.push(batch);
    this.#unload();
    if (this.#goes === 'now' || (this.#goes === 'whenIdle' && this.#underWay === 0)) this.flush();
    // Messages from the backlog are now in a batch, and no new message would start its timer.
    if ((this.#filler?.batch.count ?? 0) > 0) this.#arm();
    this.#noteRoom();
  }

  /** True if no message waits and no batch is at the writer. */
  get isEmpty(): boolean {
    return this.#underWay === 0 && !this.isWaiting;
  }

  /**
   * Discards waiting messages of a stream, because the source reads them again. Messages of plain NATS exist nowhere
   * else and stay.
   */
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

  /** Adds a message to the current batch, or to the next one if the current one can be sent. */
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

  /**
   * Moves waiting messages into batches in the order of arrival: the limits judge by the messages' times, which must
   * not decrease.
   */
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

  /**
   * Returns the queue whose first message arrived earliest; null if no message waits. It compares the observed clock,
   * because the wall clock may have been set back.
   */
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

/** The memory that a waiting message costs; even an empty one is an object. */
function sizeOf(message: BatchMessage): number {
  return message.payload.length + (message.credential?.length ?? 0) + 64;
}
