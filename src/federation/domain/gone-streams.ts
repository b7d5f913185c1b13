// Which input streams were removed from the cluster. One that is missing for a moment may be made anew, and one whose server
// is away still has its name among the others. It asks nobody and reads no clock.

/** A stream whose name has been missing for this long is gone, in ms. */
export const GONE_AFTER_MS = 60_000;

/** The input streams that are gone. */
export class GoneStreams {
  /** Since when each name is missing, on the monotonic clock. */
  readonly #missing = new Map<string, number>();
  #names: ReadonlySet<string> = new Set();

  /** The names of the streams that are gone. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /**
   * The cluster has the input streams `existing` at `nowMs`, on the monotonic clock. `known`: the streams that had
   * messages before; only one of them can be gone.
   */
  see(existing: readonly string[], known: Iterable<string>, nowMs: number): void {
    const missing = [...known].filter((name) => !existing.includes(name));
    for (const name of this.#missing.keys()) if (!missing.includes(name)) this.#missing.delete(name);
    for (const name of missing) if (!this.#missing.has(name)) this.#missing.set(name, nowMs);
    const isGone = (name: string) => nowMs - (this.#missing.get(name) ?? nowMs) >= GONE_AFTER_MS;
    this.#names = new Set(missing.filter(isGone));
  }
}
