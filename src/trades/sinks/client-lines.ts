// The entries that wait for the backend, in one line for each client, and which line is next. It sends nothing.

import type { Clock } from '../../lib/clock.ts';
import { Fifo } from '../../lib/fifo.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { Wait } from '../domain/delivery-schedule.ts';

/** An entry that waits. Its body stays in the database. */
export interface WaitingEntry {
  readonly id: number;
  readonly digest: string;
  readonly bodyBytes: number;
  /** Since when it waits, by the wall clock: when it was sealed, or replayed. */
  readonly sinceMs: number;
  /** Failed attempts so far. */
  attempts: number;
}

/** The line of one client. */
export interface Line {
  readonly clientId: string;
  readonly entries: Fifo<WaitingEntry>;
  /** Runs while the line waits for its next attempt. */
  timer: Timer | null;
  /** When the wait ends, on the monotonic clock. */
  dueMs: number;
  mayComeForward: boolean;
}

/** What {@link ClientLines} need. */
export interface ClientLinesParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  /** A line's wait is over. */
  isDue(): void;
}

/** All lines. Their owner bounds the entries. */
export class ClientLines {
  readonly #parts: ClientLinesParts;
  readonly #lines = new Map<string, Line>();
  /** Lines whose first entry can be sent now, in the order of their turn. */
  readonly #ready = new Set<Line>();

  constructor(parts: ClientLinesParts) {
    this.#parts = parts;
  }

  /** The earliest `sinceMs`: within a line the first entry has it. Null if nothing waits. */
  get oldestMs(): number | null {
    let oldestMs: number | null = null;
    for (const { entries } of this.#lines.values()) {
      const sinceMs = entries.peek()?.sinceMs ?? Infinity;
      if (oldestMs === null || sinceMs < oldestMs) oldestMs = sinceMs;
    }
    return oldestMs;
  }

  /** Puts an entry at the end of its client's line. A new line waits first if there is a `wait`. */
  add(clientId: string, entry: WaitingEntry, wait: Wait | null = null): void {
    const known = this.#lines.get(clientId);
    if (known !== undefined) {
      known.entries.push(entry);
      return;
    }
    const line: Line = { clientId, entries: new Fifo(), timer: null, dueMs: 0, mayComeForward: false };
    line.entries.push(entry);
    this.#lines.set(clientId, line);
    if (wait === null || wait.waitMs <= 0) this.#ready.add(line);
    else this.wait(line, wait);
  }

  /** The line whose turn it is; null if none can be sent. */
  peek(): Line | null {
    for (const line of this.#ready) return line;
    return null;
  }

  /** The line's first entry is under way now. */
  take(line: Line): void {
    this.#ready.delete(line);
  }

  /** The first entry was not delivered: the line waits. */
  wait(line: Line, { waitMs, mayComeForward }: Wait): void {
    line.timer?.cancel();
    line.mayComeForward = mayComeForward;
    line.dueMs = this.#parts.clock.monotonicMs() + waitMs;
    line.timer = this.#parts.timers.after(waitMs, () => {
      line.timer = null;
      this.#ready.add(line);
      this.#parts.isDue();
    });
  }

  /** The first entry does not wait any longer: the line's next one takes its turn behind all other lines. */
  shift(line: Line): void {
    line.entries.shift();
    if (line.entries.peek() === undefined) this.#lines.delete(line.clientId);
    else this.#ready.add(line);
  }

  /** Lines whose wait the backend did not ask for wait `forwardMs()` from now on, if that is earlier. */
  comeForward(forwardMs: () => number): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const line of this.#lines.values()) {
      if (line.timer === null || !line.mayComeForward) continue;
      const waitMs = forwardMs();
      if (nowMs + waitMs < line.dueMs) this.wait(line, { waitMs, mayComeForward: true });
    }
  }

  /** Ends all waits: no line becomes ready any longer. */
  stop(): void {
    for (const { timer } of this.#lines.values()) timer?.cancel();
  }
}
