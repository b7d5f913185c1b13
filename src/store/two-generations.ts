// A bounded map that keeps what was used lately: two generations, the older dropped whole when the younger is full.
// Rotation is the caller's to time, for an entry with unwritten changes must not be dropped.

/** Holds at most twice `generationSize` entries after each {@link TwoGenerations.rotateIfFull}. */
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

  /** Forgets an entry, because its row is gone. */
  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Call when nothing in the map is dirty. */
  rotateIfFull(): void {
    if (this.#young.size < this.#generationSize) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
