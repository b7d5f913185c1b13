// Values that main wants kept on the disk: each is stored at once, and again and again while the disk refuses it. Only the
// newest value of a kind counts. It knows no value.

/** Stores a value; rejects if the disk refuses. */
type Store = () => Promise<unknown>;

/** What is kept, by kind. */
export class KeptValues {
  /** The newest value of each kind that is not on the disk yet. */
  readonly #newest = new Map<string, Store>();
  readonly #refused = new Set<string>();

  /** Stores the value, and remembers it if the disk refuses. A newer value of the kind takes its place. */
  keep(kind: string, store: Store): void {
    this.#newest.set(kind, store);
    this.#refused.delete(kind);
    store().then(
      () => {
        if (this.#newest.get(kind) === store) this.#newest.delete(kind);
      },
      () => {
        if (this.#newest.get(kind) === store) this.#refused.add(kind);
      },
    );
  }

  /** The disk may take it now. */
  retry(): void {
    for (const kind of this.#refused) {
      const store = this.#newest.get(kind);
      if (store !== undefined) this.keep(kind, store);
    }
  }
}
