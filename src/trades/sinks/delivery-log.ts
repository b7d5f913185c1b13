// What the log says of the delivery: one line when the backend goes away, one when it is back, one for each dead letter
// unless there are many, one when the outbox is full, one of what the start found. No line has text of the backend or of a
// client.

import type { Log } from '../../io/log.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
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
/**
 * The log says that a full outbox has room again once no more than this share is in use. Without this margin, an outbox
 * near its limit would write many lines.
 */
const ROOM_AGAIN_SHARE = 0.9;

/** What a {@link DeliveryLog} needs. */
export interface DeliveryLogParts {
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly clock: { monotonicMs(): number };
}

/** Knows whether the backend is away, and writes the lines. */
export class DeliveryLog {
  readonly #parts: DeliveryLogParts;
  #health: BackendHealth = FRESH_BACKEND;
  /** The log says why the backend is away. */
  #isSaid = false;
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

  /** Why the backend does not take summaries, in words of this program; null while it does. */
  get problem(): string | null {
    return this.#health.isAway ? this.#reason : null;
  }

  /** What the start found: summaries that wait, those among them that the backend did not take, and dead letters. */
  found({
    waiting,
    tried,
    deadLetters,
  }: Readonly<Record<'waiting' | 'tried' | 'deadLetters', number>>): void {
    if (waiting + deadLetters > 0)
      this.#parts.log.info('delivery: the outbox has summaries from before this start', {
        waiting,
        deadLetters,
      });
    if (tried === 0) return;
    this.#health = AWAY_BACKEND;
    this.#awaySinceMs = this.#parts.clock.monotonicMs();
    this.#reason = 'it did not take summaries before this start';
  }

  /** A reply came, or none. Returns true if the backend was away and is back. */
  heard(sign: BackendSign, reason: string): boolean {
    const before = this.#health;
    this.#health = healthAfter(before, sign);
    const { isAway } = this.#health;
    const nowMs = this.#parts.clock.monotonicMs();
    if (isAway && !before.isAway) this.#awaySinceMs = nowMs;
    if (isAway) {
      this.#reason = reason;
      this.#sayAway();
    }
    if (isAway || !before.isAway) return false;
    this.#isSaid = false;
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
    const remedy = `${COMMAND_NAME} outbox list --state dead shows it, and outbox replay sends it again`;
    this.#parts.log.warn(`delivery: a summary is refused for good: ${reason}; ${remedy}`, {
      entryId,
      ...more,
    });
  }

  /** A summary has room, or none. `share` of the outbox is in use, from 0 to about 1. */
  room(hasRoom: boolean, share: number): void {
    if (!hasRoom && !this.#isFull) {
      this.#isFull = true;
      const remedy = 'replay its dead letters, see why the backend takes nothing, or raise OUTBOX_MAX_MIB';
      this.#parts.log.warn(`delivery: the outbox is full, so no job is processed: ${remedy}`);
    }
    if (!hasRoom || !this.#isFull || share > ROOM_AGAIN_SHARE) return;
    this.#isFull = false;
    this.#parts.log.info('delivery: the outbox has room again');
  }

  /** Bodies can be read from the database, or not. */
  readable(isReadable: boolean): void {
    if (this.#isUnreadable === !isReadable) return;
    this.#isUnreadable = !isReadable;
    if (isReadable) this.#parts.log.info('delivery: summaries can be read from the database again');
    else this.#parts.log.warn('delivery: summaries cannot be read from the database, so none is sent');
  }
  #sayAway(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    const what = 'the backend of AGGREGATOR_BACKEND_URL takes no summaries, so they wait in the outbox';
    this.#parts.log.warn(`delivery: ${what}: ${this.#reason}`);
  }
}
