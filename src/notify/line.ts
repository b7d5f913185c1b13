// Keeps notices that are told one by one, in their order. When too many wait, the oldest makes room.

import { Fifo } from '../lib/fifo.ts';
import { type Message, messageOf, type Notice } from './notice.ts';

/** Notices that wait for a receiver that takes each on its own; a further one takes the place of the oldest. */
export const NOTICES_WAITING_MAX = 100;

/** The notices that wait. */
export class Line {
  readonly #notices = new Fifo<Notice>();
  #waiting = 0;

  /** Number of notices that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Adds a notice; returns false if the oldest was dropped for it. */
  add(notice: Notice): boolean {
    const hasRoom = this.#waiting < NOTICES_WAITING_MAX;
    if (hasRoom) this.#waiting += 1;
    else this.#notices.shift();
    this.#notices.push(notice);
    return hasRoom;
  }

  /** Takes the oldest notice as a message; null if none waits. */
  take(): Message | null {
    const notice = this.#notices.shift();
    if (notice === undefined) return null;
    this.#waiting -= 1;
    return messageOf(notice);
  }
}
