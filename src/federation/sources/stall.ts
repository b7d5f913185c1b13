// Decides whether the stream holds messages that the broker does not deliver: a pull request without messages does not
// prove that there are none. It judges the broker's counts; it asks nothing and has no clock.

/** The broker's counts of a stream. */
export interface StreamState {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Number of messages deleted between the first and the last. */
  readonly deleted: number;
}

/**
 * Returns the number of messages after `readSeq` that the stream must hold by its own counts. Null if that is unknown,
 * because deleted messages may be before or after `readSeq`.
 */
export function unreadOf({ firstSeq, lastSeq, deleted }: StreamState, readSeq: number): number | null {
  const beyond = Math.max(0, lastSeq - Math.max(readSeq, firstSeq - 1));
  if (beyond === 0 || deleted === 0) return beyond;
  return null;
}

/** The result of one check, all of one moment; `atMs` is on the monotonic clock. */
export interface Look {
  readonly readSeq: number;
  readonly lastSeq: number;
  readonly unread: number;
  readonly atMs: number;
}

/** Time after which a stream that holds messages but delivers none is reported. */
export const STALL_AFTER_MS = 30_000;

/** Watches for a stall of one stream. */
export class Stall {
  readonly #afterMs: number;
  #first: Look | null = null;
  #latest: Look | null = null;

  /** Messages that are not delivered for `afterMs` are a stall. */
  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Number of undelivered messages at the latest check; not necessarily a stall yet. */
  get unread(): number {
    return this.#latest?.unread ?? 0;
  }

  /** The latest check, if all checks for long enough had the same result; null if there is no stall. */
  get stalled(): (Look & { readonly forMs: number }) | null {
    if (this.#first === null || this.#latest === null) return null;
    const forMs = this.#latest.atMs - this.#first.atMs;
    return forMs < this.#afterMs ? null : { ...this.#latest, forMs };
  }

  /**
   * Returns the last sequence of the undelivered messages if a stream that now ends at `lastSeq` has none of them left:
   * the broker gave them up and continues to count from there. Null otherwise.
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

  /** Records that messages up to `readSeq` have been read: progress ends the stall. */
  read(readSeq: number): void {
    if (this.#first !== null && this.#first.readSeq !== readSeq) this.over();
  }

  over(): void {
    this.#first = null;
    this.#latest = null;
  }
}

/** The sentence for a stall, with the remedy. */
export function stallSentence(
  name: string,
  { readSeq, lastSeq, unread, forMs }: Look & { readonly forMs: number },
): string {
  return `the stream ${name} counts ${unread} messages beyond sequence ${readSeq}, up to ${lastSeq}, and the broker has given none for ${Math.floor(forMs / 1000)} s: look at its log, at its disk and at the stream's files in its store folder; if they are gone, purge the stream (nats stream purge ${name}): all that it holds unread is lost then, and is counted as lost; a restart of the broker may leave it as it is`;
}

/** The sentence for a stall that ended without its messages. */
export function goneSentence(name: string, messages: number, lastSeq: number): string {
  return `${messages} messages of the stream ${name}, up to sequence ${lastSeq}, were removed before the broker gave them: they are counted as lost`;
}
