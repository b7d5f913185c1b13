// Says that the node lives: `node_joined`, heartbeats, `node_left` (docs/agent.md#sending). A message of presence is made
// at the moment when it is sent; one that could not be sent is replaced by the next. This file sends nothing itself.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { Clock } from '../../lib/clock.ts';
import { heartbeatMessage, presenceMessage } from '../domain/envelope.ts';
import { HEARTBEAT_INTERVAL_MS } from '../domain/join-reply.ts';
import type { NodeCounts, OutboundType, PresenceType } from '../domain/messages.ts';

/** Where the node says it is. Null: not said. */
export interface Place {
  /** A code of `CONTINENTS`. */
  readonly continent: string | null;
  /** Text of `roundLocation`. */
  readonly location: string | null;
}

/** Who the node is. `isAutomatic` false: the owner hands over each message of presence (`put`), and none is made here. */
export interface PresenceOptions {
  readonly nodeId: string;
  readonly place: Place;
  readonly isAutomatic: boolean;
}

/** What {@link Presence} needs of its owner. */
export interface PresenceParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  counts(): NodeCounts;
  isSourceReadable(): boolean;
  /** Something is to be sent. */
  wake(): void;
}

/** The interval between heartbeats varies by this share in both directions, so that nodes do not beat together. */
const INTERVAL_SPREAD = 0.1;

/** The presence of one node. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #parts: PresenceParts;
  /** What is to be sent, at most one of each type; the text if the owner handed it over. */
  readonly #wanted = new Map<PresenceType, string | null>();
  #intervalMs: number = HEARTBEAT_INTERVAL_MS.usual;
  #timer: Timer | null = null;
  #hasJoined = false;
  #lastHeartbeatMs: number | null = null;

  constructor(options: PresenceOptions, parts: PresenceParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Takes effect after the next heartbeat. */
  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** When the broker last confirmed a heartbeat, in ms since the epoch; null before the first. */
  get lastHeartbeatMs(): number | null {
    return this.#lastHeartbeatMs;
  }

  /** Messages that are to be sent now, the first one first; in a test of the broker only the heartbeat. */
  wanted(isTest: boolean): readonly PresenceType[] {
    const types = (['node_joined', 'heartbeat', 'node_left'] as const).filter((type) =>
      this.#wanted.has(type),
    );
    return isTest ? types.filter((type) => type === 'heartbeat') : types;
  }

  /** A connection was made, or the breaker tries: a heartbeat now, then one at every interval. */
  beat(): void {
    if (!this.#options.isAutomatic) {
      this.#parts.wake();
      return;
    }
    if (!this.#hasJoined) this.#wanted.set('node_joined', null);
    this.#beatNow();
  }

  /** True if this file makes the messages; false if the owner hands them over. */
  get isAutomatic(): boolean {
    return this.#options.isAutomatic;
  }

  /** The connection ended. Nothing is kept for the next one, except what the owner handed over, and no heartbeat at all. */
  rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#wanted.delete('heartbeat');
    if (this.#options.isAutomatic) this.#wanted.clear();
  }

  /** The program ends. */
  leave(): void {
    this.rest();
    if (this.#options.isAutomatic) this.#wanted.set('node_left', null);
  }

  /** Takes a message of the owner, which replaces a waiting one of its type. */
  put(type: PresenceType, payload: string): void {
    this.#wanted.set(type, payload);
    this.#parts.wake();
  }

  /** The text of a message that is sent now. It is not wanted any more, whatever becomes of it. */
  take(type: PresenceType): string {
    const given = this.#wanted.get(type) ?? null;
    this.#wanted.delete(type);
    return given ?? this.#make(type);
  }

  /** The broker has a message. */
  confirmed(type: OutboundType): void {
    if (type === 'node_joined') this.#hasJoined = true;
    if (type === 'heartbeat') this.#lastHeartbeatMs = this.#parts.clock.nowMs();
  }

  #beatNow(): void {
    this.#wanted.set('heartbeat', null);
    this.#timer?.cancel();
    const share = 1 + INTERVAL_SPREAD * (2 * this.#parts.random() - 1);
    this.#timer = this.#parts.timers.after(Math.round(this.#intervalMs * share), () => this.#beatNow());
    this.#parts.wake();
  }

  #make(type: PresenceType): string {
    const { nodeId, place } = this.#options;
    const sender = { nodeId, nowMs: this.#parts.clock.nowMs() };
    if (type !== 'heartbeat') return presenceMessage(type, sender);
    const { active, total } = this.#parts.counts();
    const isOnline = this.#parts.isSourceReadable();
    return heartbeatMessage({ isOnline, active, total, ...place }, sender);
  }
}
