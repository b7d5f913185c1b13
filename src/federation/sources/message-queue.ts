// Queues of messages that wait in memory, packed into blocks: a waiting message costs its bytes and 40 more, and no
// object that the garbage collector would have to visit.

import { Fifo } from '../../lib/fifo.ts';
import { BatchFiller, type BatchMessage, BatchReader, createBlock } from './batch.ts';

/** Size of a block: it holds many messages, wastes little memory, and fits any single message. */
const BLOCK_BYTES = 262_144;
const BLOCK_MESSAGES = 1024;
/** Maximum number of empty blocks kept for reuse; further ones free their payload memory at once. */
const SPARES_MAX = 16;

type Block = ReturnType<typeof createBlock>;

/** The empty blocks that several queues share. */
export type Spares = Block[];

/** Messages in the order in which they were added. */
export class MessageQueue {
  readonly #spares: Spares;
  readonly #blocks = new Fifo<Block>();
  /** Fills the last block. */
  #filler: BatchFiller | null = null;
  /** Reads the first block. */
  #reader: BatchReader | null = null;
  #head: BatchMessage | null = null;

  constructor(spares: Spares) {
    this.#spares = spares;
  }

  /** Adds a message and copies its bytes. */
  push(message: BatchMessage): void {
    if (this.#filler?.add(message) === true) return;
    const block = this.#spares.pop() ?? createBlock(BLOCK_MESSAGES, BLOCK_BYTES);
    this.#filler = new BatchFiller(block);
    this.#blocks.push(block);
    if (!this.#filler.add(message)) throw new RangeError('a message larger than a block');
  }

  /**
   * Returns the oldest message and keeps it in the queue: a view, valid until {@link shift}. Null if the queue is
   * empty.
   */
  peek(): BatchMessage | null {
    while (this.#head === null) {
      const block = this.#blocks.peek();
      if (block === undefined) return null;
      this.#reader ??= new BatchReader(block);
      this.#head = this.#reader.read();
      if (this.#head !== null) break;
      // The block is read completely; if it is the last one, the next message goes into a new block.
      this.#blocks.shift();
      this.#reader = null;
      if (this.#filler?.batch === block) this.#filler = null;
      if (this.#spares.length < SPARES_MAX) this.#spares.push(block);
      else block.payload.resize(0);
    }
    return this.#head;
  }

  /** Removes the oldest message. */
  shift(): void {
    if (this.peek() !== null) this.#head = null;
  }
}
