// A bounded map of recently used entries in two generations. When the younger is full, the older is dropped as a whole.
// The caller decides when, because an entry with unwritten changes must not be dropped.

/**
 * Holds at most twice `generationSize` entries after each {@link TwoGenerations.rotateIfFull}. {@link
 * TwoGenerations.get} moves an entry into the younger generation.
 */
export class TwoGenerations<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  readonly #generationSize: number;

  constructor(generationSize: number) {
    this.#generationSize = generationSize;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) {
      this.#old.delete(key);
      this.#young.set(key, older);
    }
    return older;
  }

  set(key: string, value: V): void {
    this.#young.set(key, value);
  }

  /** Removes an entry whose row is gone. */
  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Drops the older generation if the younger is full. Call it only while no entry has unwritten changes. */
  rotateIfFull(): void {
    if (this.#young.size < this.#generationSize) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
