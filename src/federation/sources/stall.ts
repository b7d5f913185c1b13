// Whether the stream holds messages that the broker does not give: a pull that brought nothing is no proof that there is
// nothing. A decision on what the broker counts; it asks nobody and has no clock.

/** The broker's account of a stream. */
export interface StreamState {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Deleted between the first and the last. */
  readonly deleted: number;
}

/**
 * How many messages beyond `readSeq` the stream must hold by its own account; null if it cannot be told, because messages
 * were deleted that may lie before or beyond it.
 */
export function unreadOf({ firstSeq, lastSeq, deleted }: StreamState, readSeq: number): number | null {
  const beyond = Math.max(0, lastSeq - Math.max(readSeq, firstSeq - 1));
  if (beyond === 0 || deleted === 0) return beyond;
  return null;
}

/** What a look found, all of one moment; `atMs` is of the monotonic clock. */
export interface Look {
  readonly readSeq: number;
  readonly lastSeq: number;
  readonly unread: number;
  readonly atMs: number;
}

/** A stream that holds messages and gives none for so long is told. */
export const STALL_AFTER_MS = 30_000;

export class Stall {
  readonly #afterMs: number;
  #first: Look | null = null;
  #latest: Look | null = null;

  /** Messages that are not given for `afterMs` are a stall. */
  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Messages that are there and not given, as of the latest look; not a stall yet. */
  get unread(): number {
    return this.#latest?.unread ?? 0;
  }

  /** The latest look, if it and all before it for so long found the same; null if all is well. */
  get stalled(): (Look & { readonly forMs: number }) | null {
    if (this.#first === null || this.#latest === null) return null;
    const forMs = this.#latest.atMs - this.#first.atMs;
    return forMs < this.#afterMs ? null : { ...this.#latest, forMs };
  }

  /**
   * The last sequence of the messages that were not given, if a stream that ends at `lastSeq` now has none of them left: the
   * broker gave them up, and counts on from there. Null otherwise.
   */
  goneUpTo(lastSeq: number): number | null {
    return this.#latest !== null && lastSeq <= this.#latest.readSeq ? this.#latest.lastSeq : null;
  }

  looked(look: Look): void {
    if (look.unread === 0) {
      this.over();
      return;
    }
    if (this.#first?.readSeq !== look.readSeq) this.#first = look;
    this.#latest = look;
  }

  /** Messages up to `readSeq` have been read: if that is further than before, the broker gives again. */
  read(readSeq: number): void {
    if (this.#first !== null && this.#first.readSeq !== readSeq) this.over();
  }

  over(): void {
    this.#first = null;
    this.#latest = null;
  }
}

/** A stall in a sentence, with the remedy. */
export function stallSentence(
  name: string,
  { readSeq, lastSeq, unread, forMs }: Look & { readonly forMs: number },
): string {
  return `the stream ${name} counts ${unread} messages beyond sequence ${readSeq}, up to ${lastSeq}, and the broker has given none for ${Math.floor(forMs / 1000)} s: look at its log, at its disk and at the stream's files in its store folder; if they are gone, purge the stream (nats stream purge ${name}): all that it holds unread is lost then, and is counted as lost; a restart of the broker may leave it as it is`;
}

/** The end of a stall without the messages. */
export function goneSentence(name: string, messages: number, lastSeq: number): string {
  return `${messages} messages of the stream ${name}, up to sequence ${lastSeq}, were removed before the broker gave them: they are counted as lost`;
}
