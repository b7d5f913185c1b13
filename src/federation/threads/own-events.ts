// The events of the aggregator itself (docs/federation.md#events): it notices changes in what the main thread knows, and
// tells each once. It judges nothing: readiness, missing messages and drift are judged elsewhere. The events of nodes are
// their transitions, which pass elsewhere.

import type { ApiKey } from '../domain/api-keys.ts';
import { type OwnEvent, ownEvent, type OwnEventKind, revokedEvent } from '../domain/events.ts';
import { HeldChange } from '../domain/held-change.ts';
import { type Missing, MISSING_OUTCOMES, MissingFinds, NONE_MISSING } from '../domain/missing.ts';
import type { IngestNews } from './known.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';

/** Time between two looks at readiness and at the broker, in ms. */
const LOOK_INTERVAL_MS = 1_000;
/** Time for which readiness and the connection to the broker must have changed to be told, in ms. */
export const HOLD_MS = 5_000;
/** A start is over when the program is ready, or after this time, in ms: until then it is not told that it is not. */
export const START_MAX_MS = 60_000;
/** Maximum length of a reason, in UTF-16 code units. */
const REASON_CHARACTERS_MAX = 500;

/** What the events are noticed in. */
export interface Present {
  readonly isReady: boolean;
  /** Why it is not ready; empty if it is. */
  readonly reason: string;
  /** Null before the first report. */
  readonly isBrokerThere: boolean | null;
}

/** What {@link OwnEvents} needs of the main thread. */
export interface OwnEventsParts {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly timers: Timers;
  present(): Present;
  /** Tells an event of the aggregator to the log of events and to the notifications. */
  tell(event: OwnEvent): void;
}

/** Notices and tells events. Its start begins the looks at readiness and broker. */
export class OwnEvents implements Part {
  readonly #parts: OwnEventsParts;
  readonly #ready = new HeldChange(true, HOLD_MS);
  readonly #broker = new HeldChange(true, HOLD_MS);
  readonly #startedAtMs: number;
  #finds = new MissingFinds(NONE_MISSING, MISSING_OUTCOMES);
  #missing: Missing = NONE_MISSING;
  /** Keys that are in force. */
  #keysInForce = new Set<string>();
  #drift = 0;
  #isStarting = true;
  #isOpened = false;
  #hasFailed = false;
  #looks: Timer | null = null;

  constructor(parts: OwnEventsParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.monotonicMs();
  }

  start(): Promise<void> {
    this.#looks = this.#parts.timers.every(LOOK_INTERVAL_MS, () => this.#look());
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#looks?.cancel();
    return Promise.resolve();
  }

  /** The program cannot start or continue: its end will not be one in order. */
  failed(): void {
    this.#hasFailed = true;
  }

  /** The last event of a run that ends in order; the writer commits it before it stops. */
  ended(): void {
    if (!this.#isOpened) return;
    this.#tellMissing(true);
    if (!this.#hasFailed) this.#own('stopped');
  }

  /** Notices what a report of the ingest thread says: the database is open, a key was revoked, messages are missing. */
  learn(news: IngestNews): void {
    if (news.type === 'opened') this.#opened(news);
    if (news.type === 'keys') this.#keys(news.keys);
    if (news.type !== 'snapshot') return;
    this.#missing = news.missing;
    this.#tellMissing();
  }

  /** The database is open: tells that the program has started, and whether a backup was put in place before. */
  #opened({ lastRun, missing, keys }: Extract<IngestNews, { type: 'opened' }>): void {
    this.#isOpened = true;
    this.#finds = new MissingFinds(missing, MISSING_OUTCOMES);
    this.#missing = missing;
    this.#keysInForce = inForce(keys);
    const { end, aliveMs, restoredMs } = lastRun;
    if (restoredMs !== null) this.#parts.tell(ownEvent('restored', restoredMs));
    const nowMs = this.#parts.clock.nowMs();
    const detail = end === 'none' ? 'first' : end === 'unknown' ? null : end;
    const count = aliveMs === null ? null : Math.max(0, nowMs - aliveMs);
    this.#parts.tell(ownEvent('started', nowMs, { detail, count }));
  }

  #keys(keys: readonly ApiKey[]): void {
    const revoked = keys.filter((key) => key.revokedAtMs !== null && this.#keysInForce.has(key.keyId));
    for (const key of revoked) this.#parts.tell(revokedEvent(key, this.#parts.clock.nowMs()));
    this.#keysInForce = inForce(keys);
  }

  /** The number of differences that an audit found; told if it is another one than before. */
  audited(drift: number): void {
    if (drift > 0 && drift !== this.#drift) this.#own('drift', { count: drift });
    this.#drift = drift;
  }

  #look(): void {
    const { isReady, reason, isBrokerThere } = this.#parts.present();
    const nowMs = this.#parts.clock.monotonicMs();
    this.#isStarting &&= !isReady && nowMs - this.#startedAtMs < START_MAX_MS;
    if (this.#isStarting) return;
    if (isBrokerThere !== null && this.#broker.hasChanged(isBrokerThere, nowMs))
      this.#own(isBrokerThere ? 'broker_back' : 'broker_away');
    if (!this.#ready.hasChanged(isReady, nowMs)) return;
    if (isReady) this.#own('ready');
    else this.#own('not_ready', { detail: reason.slice(0, REASON_CHARACTERS_MAX) });
  }

  #tellMissing(isLast = false): void {
    const finds = this.#finds.due(this.#missing, this.#parts.clock.monotonicMs(), isLast);
    for (const { outcome, messages } of finds) this.#own(outcome, { count: messages });
  }

  #own(kind: OwnEventKind, more: Partial<Pick<OwnEvent, 'count' | 'detail'>> = {}): void {
    this.#parts.tell(ownEvent(kind, this.#parts.clock.nowMs(), more));
  }
}

function inForce(keys: readonly ApiKey[]): Set<string> {
  return new Set(keys.filter(({ revokedAtMs }) => revokedAtMs === null).map(({ keyId }) => keyId));
}
