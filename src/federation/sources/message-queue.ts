// Messages that wait in memory, packed into blocks: what waits costs its bytes and 40 more, and no objects that the
// garbage collector would have to look at.

import { Fifo } from '../../lib/fifo.ts';
import { BatchFiller, type BatchMessage, BatchReader, createBlock } from './batch.ts';

/** Many messages, and little to hold in vain; any single message fits. */
const BLOCK_BYTES = 262_144;
const BLOCK_MESSAGES = 1024;
/** Blocks that were read are filled again, so many of them; of the others the payload's memory goes back at once. */
const SPARES_MAX = 16;

type Block = ReturnType<typeof createBlock>;

/** The blocks that several queues share. */
export type Spares = Block[];

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

  /** Takes a message; its bytes are copied. */
  push(message: BatchMessage): void {
    if (this.#filler?.add(message) === true) return;
    const block = this.#spares.pop() ?? createBlock(BLOCK_MESSAGES, BLOCK_BYTES);
    this.#filler = new BatchFiller(block);
    this.#blocks.push(block);
    if (!this.#filler.add(message)) throw new RangeError('a message larger than a block');
  }

  /** The oldest, which stays; a view, good until it is shifted. Null if nothing waits. */
  peek(): BatchMessage | null {
    while (this.#head === null) {
      const block = this.#blocks.peek();
      if (block === undefined) return null;
      this.#reader ??= new BatchReader(block);
      this.#head = this.#reader.read();
      if (this.#head !== null) break;
      // The block is read to its end; if it is the last one, what comes next goes into another.
      this.#blocks.shift();
      this.#reader = null;
      if (this.#filler?.batch === block) this.#filler = null;
      if (this.#spares.length < SPARES_MAX) this.#spares.push(block);
      else block.payload.resize(0);
    }
    return this.#head;
  }

  /** The oldest goes. */
  shift(): void {
    if (this.peek() !== null) this.#head = null;
  }
}
