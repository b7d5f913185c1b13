// Holds back what a reading of an input stream brings before its owner knows that it reads the stream which it judged: a
// stream that is deleted and made anew between two requests has the same name. It judges nothing.

import type { InputSink } from './split-parts.ts';

/** A sink between a reading and its owner. */
export class EarlyMessages implements InputSink {
  readonly #sink: InputSink;
  #held: (() => void)[] | null = [];

  constructor(sink: InputSink) {
    this.#sink = sink;
  }

  message(message: Parameters<InputSink['message']>[0]): void {
    this.#pass(() => this.#sink.message(message));
  }

  ended(askedMs: number): void {
    this.#pass(() => this.#sink.ended(askedMs));
  }

  broken(reason: string): void {
    this.#pass(() => this.#sink.broken(reason));
  }

  /** Passes on what came so far, and everything from now on as it comes. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const pass of held) pass();
  }

  #pass(pass: () => void): void {
    if (this.#held === null) pass();
    else this.#held.push(pass);
  }
}
