// Watches kept connections. A server that restarts between two requests leaves only one trace: it closes a connection
// that was in use. This file sends nothing.

import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** A connection that is closed within this time after an answer was not closed for being idle, in ms. */
const IN_USE_MS = 2_500;
/** Answers of a connection before its end counts: some servers close each one after an answer or two. */
const ANSWERS_BEFORE = 3;

interface Use {
  answers: number;
  lastMs: number;
}

/** The connections of one client. */
export class KeptConnections {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #uses = new WeakMap<Socket, Use>();
  #lost = 0;
  #isStopped = false;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Connections in use that the other side closed. */
  get lost(): number {
    return this.#lost;
  }

  /** An answer came whole. `isKept` is false if the other side said that it closes the connection. */
  answered(socket: Socket, isKept: boolean): void {
    const known = this.#uses.get(socket);
    const use = known ?? { answers: 0, lastMs: 0 };
    use.answers = isKept ? use.answers + 1 : -Infinity;
    use.lastMs = this.#clock.monotonicMs();
    if (known !== undefined) return;
    this.#uses.set(socket, use);
    socket.once('close', () => this.#closed(use));
  }

  /** What is closed from now on is closed by this side. */
  stop(): void {
    this.#isStopped = true;
  }

  #closed({ answers, lastMs }: Use): void {
    if (this.#isStopped || answers < ANSWERS_BEFORE) return;
    if (this.#clock.monotonicMs() - lastMs < IN_USE_MS) this.#lost += 1;
  }
}
