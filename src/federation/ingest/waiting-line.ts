// Holds messages from the source thread while the writer cannot accept them, in order, so that clock readings and
// positions never overtake the messages before them. The source bounds the line: it sends only a limited number of
// batches at a time.

/** What a {@link WaitingLine} needs of its owner. */
export interface WaitingLineParts<Message> {
  /** True if the owner could take the message now, if it were the next. */
  mayTake(message: Message): boolean;
  /** Takes the next message. May call {@link WaitingLine.putBack} and {@link WaitingLine.drain}. */
  take(message: Message): void;
}

/** The messages that wait for the writer. */
export class WaitingLine<Message extends { readonly type: string }> {
  readonly #parts: WaitingLineParts<Message>;
  readonly #waiting: Message[] = [];

  constructor(parts: WaitingLineParts<Message>) {
    this.#parts = parts;
  }

  /** Lets the owner take the message at once, or adds it behind those that wait. */
  add(message: Message): void {
    // Counts of shed messages need no database, and must not pile up if the writer accepts nothing for days.
    if (message.type === 'shed' || (this.#waiting.length === 0 && this.#parts.mayTake(message))) {
      this.#parts.take(message);
      return;
    }
    // Of several clock readings in a row only the last matters.
    if (message.type === 'clock' && this.#waiting.at(-1)?.type === 'clock') this.#waiting.pop();
    this.#waiting.push(message);
  }

  /** Puts back a message that the owner could not take after all; it is the next again. */
  putBack(message: Message): void {
    this.#waiting.unshift(message);
  }

  /** Lets the owner take the waiting messages, until one may not be taken. */
  drain(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || !this.#parts.mayTake(next)) return;
      this.#waiting.shift();
      this.#parts.take(next);
    }
  }
}
