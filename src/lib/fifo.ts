// A first-in, first-out queue whose `shift` costs the same at any length. Array.shift moves all remaining items.

/** A queue without a bound of its own: its owner bounds it. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item, which stays in the queue; undefined if the queue is empty. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Removes and returns the oldest item; undefined if the queue is empty. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    // More than half of the array is shifted items. Copying the rest costs no more than the shifts so far.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** The items that wait, the oldest first. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items.slice(this.#head).values();
  }
}
