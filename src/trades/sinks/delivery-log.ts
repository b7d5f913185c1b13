// What the log says of the delivery: one line when the backend goes away, one when it is back, one for each dead letter
// unless there are many, one when the outbox is full. No line has text of the backend or of a client.

import type { Log } from '../../io/log.ts';
import {
  AWAY_BACKEND,
  type BackendHealth,
  type BackendSign,
  FRESH_BACKEND,
  healthAfter,
} from '../domain/backend-health.ts';
import type { Attempt } from '../domain/facts.ts';

/** Lines about dead letters in {@link DEAD_PERIOD_MS}; further dead letters are only counted. */
const DEAD_LINES_MAX = 5;
const DEAD_PERIOD_MS = 60_000;

/** What a {@link DeliveryLog} needs. */
export interface DeliveryLogParts {
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly clock: { monotonicMs(): number };
}

/** Knows whether the backend is away, and writes the lines. */
export class DeliveryLog {
  readonly #parts: DeliveryLogParts;
  #health: BackendHealth = FRESH_BACKEND;
  #awaySinceMs = 0;
  #reason = '';
  #periodStartMs = -Infinity;
  #deadLines = 0;
  #unsaidDead = 0;
  #isFull = false;
  #isUnreadable = false;

  constructor(parts: DeliveryLogParts) {
    this.#parts = parts;
  }

  /** Why the backend does not take summaries, in our words; null while it does. */
  get problem(): string | null {
    return this.#health.isAway ? this.#reason : null;
  }

  /** At the start there are summaries that the backend did not take before. */
  foundWaiting(): void {
    this.#health = AWAY_BACKEND;
    this.#awaySinceMs = this.#parts.clock.monotonicMs();
    this.#reason = 'it did not take summaries before the start';
  }

  /** A reply came, or none. Returns true if the backend was away and is back. */
  heard(sign: BackendSign, reason: string): boolean {
    const before = this.#health;
    this.#health = healthAfter(before, sign);
    const { isAway } = this.#health;
    if (isAway) this.#reason = reason;
    const nowMs = this.#parts.clock.monotonicMs();
    if (isAway && !before.isAway) {
      this.#awaySinceMs = nowMs;
      this.#parts.log.warn(`delivery: the backend takes no summaries, they wait in the outbox: ${reason}`);
    }
    if (isAway || !before.isAway) return false;
    const awaySeconds = Math.round((nowMs - this.#awaySinceMs) / 1000);
    this.#parts.log.info('delivery: the backend answers again', { awaySeconds });
    return true;
  }

  /** The backend refused an entry for good. */
  died(entryId: number, { reason }: Attempt): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#periodStartMs >= DEAD_PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#deadLines = 0;
    }
    if (this.#deadLines >= DEAD_LINES_MAX) {
      this.#unsaidDead += 1;
      return;
    }
    this.#deadLines += 1;
    const more = this.#unsaidDead === 0 ? {} : { unsaid: this.#unsaidDead };
    this.#unsaidDead = 0;
    const remedy = 'aggregator outbox list shows it, and outbox replay sends it again';
    this.#parts.log.warn(`delivery: a summary is refused for good: ${reason}; ${remedy}`, {
      entryId,
      ...more,
    });
  }

  /** The outbox has room, or none. */
  room(hasRoom: boolean): void {
    if (this.#isFull === !hasRoom) return;
    this.#isFull = !hasRoom;
    if (hasRoom) this.#parts.log.info('delivery: the outbox has room again');
    else {
      const remedy = 'replay its dead letters, see why the backend takes nothing, or raise OUTBOX_MAX_MIB';
      this.#parts.log.warn(`delivery: the outbox is full, so no job is processed: ${remedy}`);
    }
  }

  /** Bodies can be read from the database, or not. */
  readable(isReadable: boolean): void {
    if (this.#isUnreadable === !isReadable) return;
    this.#isUnreadable = !isReadable;
    if (isReadable) this.#parts.log.info('delivery: summaries can be read from the database again');
    else this.#parts.log.warn('delivery: summaries cannot be read from the database, so none is sent');
  }
}
