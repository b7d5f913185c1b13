// What the source says waits here for the writer while nothing may be taken, in the order in which it was said: the clock
// and the position never run ahead of the messages. The source bounds it: it sends no more batches than may be under way.

export interface WaitingLineParts<Message> {
  /** Whether this could be taken now, if it were its turn. */
  mayTake(message: Message): boolean;
  /** Its turn has come. May call {@link WaitingLine.putBack} and {@link WaitingLine.drain}. */
  take(message: Message): void;
}

export class WaitingLine<Message extends { readonly type: string }> {
  readonly #parts: WaitingLineParts<Message>;
  readonly #waiting: Message[] = [];

  constructor(parts: WaitingLineParts<Message>) {
    this.#parts = parts;
  }

  /** Has the message taken at once, or behind those that wait. */
  add(message: Message): void {
    // What was shed touches no database; while nothing may be taken for days, its counts must not pile up.
    if (message.type === 'shed' || (this.#waiting.length === 0 && this.#parts.mayTake(message))) {
      this.#parts.take(message);
      return;
    }
    // Of several readings of the clock in a row only the last matters.
    if (message.type === 'clock' && this.#waiting.at(-1)?.type === 'clock') this.#waiting.pop();
    this.#waiting.push(message);
  }

  /** It could not be taken after all, and is the next. */
  putBack(message: Message): void {
    this.#waiting.unshift(message);
  }

  /** Has taken what waits, until something may not be taken. */
  drain(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#parts.mayTake(next)) return;
      this.#waiting.shift();
      this.#parts.take(next);
    }
  }
}
