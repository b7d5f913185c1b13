// The source thread's access to the position in the stream, which the writer stores together with the effects of the
// messages. The writer answers questions in the order asked. Answers come by callback, so that a simulation needs no
// turn of the event loop.

import type { StreamFacts } from '../domain/stream-facts.ts';
import type { Position } from '../sources/attachment.ts';
import type { LogPosition } from '../sources/log-reading-parts.ts';
import type { StoredCommand } from '../domain/cluster.ts';
import type { SourceToIngest } from './messages.ts';

/** Questions to the writer about the position, and their answers. */
export class WriterPosition {
  readonly #tell: (message: SourceToIngest) => void;
  readonly #left: () => void;
  readonly #waiting: ((seq: number | null) => void)[] = [];

  /** `tell` sends a message to the writer; `left` is called when another stream is to be read, or none. */
  constructor(tell: (message: SourceToIngest) => void, left: () => void) {
    this.#tell = tell;
    this.#left = left;
  }

  lastKnown(stream: StreamFacts, then: (seq: number | null) => void): void {
    this.#ask({ type: 'lastKnown', stream }, then);
  }

  attach(stream: StreamFacts, storedAtMs: number | null, then: (nextSeq: number) => void): void {
    this.#left();
    this.#ask({ type: 'attach', stream, storedAtMs }, (seq) => then(seq ?? 1));
  }

  nothingUpTo(seq: number): void {
    this.#tell({ type: 'nothingUpTo', seq });
  }

  detach(): void {
    this.#left();
    this.#tell({ type: 'detach' });
  }

  /** In a cluster: attaches to the log of the partition. */
  attachLog(log: StreamFacts, then: (nextSeq: number) => void): void {
    this.#left();
    this.#ask({ type: 'attachLog', log }, (seq) => then(seq ?? 1));
  }

  /** In a cluster: hands over commands; `isAll`: these are all that their stream holds. */
  commands(entries: readonly StoredCommand[], isAll: boolean): void {
    this.#tell({ type: 'commands', entries, isAll });
  }

  /** Passes the writer's answer to the oldest question. */
  answered(seq: number | null): void {
    this.#waiting.shift()?.(seq);
  }

  #ask(question: SourceToIngest, then: (seq: number | null) => void): void {
    this.#waiting.push(then);
    this.#tell(question);
  }
}

/** Adapts the position for a reader of a log. */
export function awaitedInLog(position: WriterPosition): LogPosition {
  return {
    attachLog: (log) => new Promise((resolve) => position.attachLog(log, resolve)),
    commands: (entries, isAll) => position.commands(entries, isAll),
  };
}

/** Adapts the position for a reader that awaits its answers. */
export function awaited(position: WriterPosition): Position {
  return {
    lastKnown: (stream) => new Promise((resolve) => position.lastKnown(stream, resolve)),
    attach: (stream, storedAtMs) => new Promise((resolve) => position.attach(stream, storedAtMs, resolve)),
    nothingUpTo: (seq) => position.nothingUpTo(seq),
    detach: () => position.detach(),
  };
}
