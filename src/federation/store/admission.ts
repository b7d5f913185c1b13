// Decides which messages are admitted: it applies the limits of all senders on the event clock, and makes room for new
// nodes. It merges nothing. Its schedules reach the disk only with the commit of the messages that it admitted.

import { EventClock, type EventClockState, longestGapMs } from '../domain/event-clock.ts';
import { SourceClocks } from '../domain/event-clock-of-sources.ts';
import type { Limits } from '../domain/limits.ts';
import { advance, isWithin, pace } from '../../lib/pace.ts';
import type { KeyUse } from './api-keys.ts';
import type { StoredValues } from '../../store/stored-values.ts';
import type { NodeTable } from './nodes.ts';

/** The limits, and the clocks' state at the start. */
export interface AdmissionOptions {
  readonly limits: Limits;
  /** Silence, on the event clock, after which a node may be evicted to make room for another. */
  readonly offlineAfterMs: number;
  /** The observed clock, in ms, at the last commit. */
  readonly observedMs: number;
}

const GLOBAL_DUE = 'limit_global_due_ms';
const NEW_NODES_DUE = 'limit_new_nodes_due_ms';
const EVENT_CLOCK = 'event_clock';

/** The limits of one writer, with the event clock on which they are computed. */
export class Admission {
  readonly #stored: StoredValues;
  readonly #nodes: NodeTable;
  readonly #limits: ReturnType<typeof paces>;
  readonly #nodesMax: number;
  readonly #offlineAfterMs: number;
  #events: EventClock | SourceClocks;
  /** The schedules of the shared limits, stored with each commit. */
  #globalDueMs: number;
  #newNodesDueMs: number;

  constructor(
    stored: StoredValues,
    nodes: NodeTable,
    { limits, offlineAfterMs, observedMs }: AdmissionOptions,
  ) {
    this.#stored = stored;
    this.#nodes = nodes;
    this.#limits = paces(limits);
    this.#nodesMax = limits.maxNodes;
    this.#offlineAfterMs = offlineAfterMs;
    this.#globalDueMs = stored.number(GLOBAL_DUE);
    this.#newNodesDueMs = stored.number(NEW_NODES_DUE);
    const state = storedEventClock(stored) ?? eventClockAt(nodes.latestMs, observedMs);
    this.#events = new EventClock(state, longestGapMs(offlineAfterMs));
  }

  /**
   * From now on the messages of several sources are read in one order. `hasHeard`: a message of some source was read
   * before. The caller tells the returned clock whose messages come.
   */
  followSources(hasHeard: boolean): SourceClocks {
    const clocks = new SourceClocks(this.#events.state, longestGapMs(this.#offlineAfterMs), hasHeard);
    this.#events = clocks;
    return clocks;
  }

  /**
   * Advances the event clock to the next message read, whose event time is `atMs`; returns its time on the event clock.
   */
  pass(atMs: number, observedMs: number, isPlain: boolean): number {
    return this.#events.pass(atMs, observedMs, isPlain);
  }

  /** The time of the last message passed; before the event clock only for a late message of several sources. */
  get messageMs(): number {
    return this.#events.messageMs;
  }

  /** What the event clock would show for an event at `atMs`; with `-Infinity`, what it showed for the last message. */
  eventMs(atMs: number): number {
    return this.#events.at(atMs);
  }

  /** The time of the last message passed, on the event clock without long gaps. Silence is measured on this time. */
  get presentMs(): number {
    return this.#events.presentMs;
  }

  /**
   * Applies all limits at `atMs` on the event clock. A message within all of them is admitted, and advances the shared
   * schedules. `nodeDueMs` is null for a new node; `use` is null for a message without a key's signature. A node may be
   * evicted only if it is silent at `presentMs`, and, with `observedMs`, on the observed clock too.
   */
  admit(
    nodeDueMs: number | null,
    use: KeyUse | null,
    atMs: number,
    presentMs: number,
    observedMs: number | null,
  ): boolean {
    const { perNode, all, newNodes } = this.#limits;
    const globalDueMs = this.#globalDueMs;
    // A key has its own rate, which unsigned messages under its node's id cannot use up.
    if (use !== null && !isWithin(use.pace, use.limitDueMs, atMs)) return false;
    if (use === null && nodeDueMs !== null && !isWithin(perNode, nodeDueMs, atMs)) return false;
    if (!isWithin(all, globalDueMs, atMs)) return false;
    if (nodeDueMs === null) {
      const newNodesDueMs = this.#newNodesDueMs;
      if (!isWithin(newNodes, newNodesDueMs, atMs)) return false;
      if (!this.#nodes.hasNumberLeft) return false;
      // This check is last because it evicts: no node may be evicted for a message that another limit rejects.
      if (this.#nodesMax > 0) {
        const silentSinceObservedMs = observedMs === null ? null : observedMs - this.#offlineAfterMs;
        if (!this.#nodes.makeRoom(this.#nodesMax, presentMs - this.#offlineAfterMs, silentSinceObservedMs))
          return false;
      }
      this.#newNodesDueMs = advance(newNodes, newNodesDueMs, atMs);
    }
    this.#globalDueMs = advance(all, globalDueMs, atMs);
    return true;
  }

  /** The schedule of a node after an unsigned message from it was admitted at `atMs` on the event clock. */
  nodeDueMs(dueMs: number, atMs: number): number {
    return advance(this.#limits.perNode, dueMs, atMs);
  }

  /** Stores the schedules and the event clock with the next commit. */
  keep(): void {
    this.#stored.set(GLOBAL_DUE, this.#globalDueMs);
    this.#stored.set(NEW_NODES_DUE, this.#newNodesDueMs);
    this.#stored.set(EVENT_CLOCK, JSON.stringify(this.#events.state));
  }
}

function storedEventClock(stored: StoredValues): EventClockState | null {
  const text = stored.text(EVENT_CLOCK);
  return text === null ? null : (JSON.parse(text) as EventClockState);
}

/** A database written before this clock existed resumes at the latest time in it, which may be in the future. */
function eventClockAt(latestMs: number, observedMs: number): EventClockState {
  return { lastMs: latestMs, nowMs: latestMs, observedMs };
}

function paces(limits: Limits) {
  return {
    perNode: pace(limits.ratePerMinute, 60_000, limits.rateBurst),
    all: pace(limits.globalPerSecond, 1000, limits.globalPerSecond),
    newNodes: pace(limits.newNodesPerMinute, 60_000, limits.newNodesPerMinute),
  };
}
