// Which messages are let in: the limits of all senders, judged on the event clock, and the room for new nodes. It merges
// nothing, and what it uses up is on disk only with the commit of the messages that it let in.

import { EventClock, type EventClockState, longestGapMs } from '../domain/event-clock.ts';
import type { Limits } from '../domain/limits.ts';
import { advance, isWithin, pace } from '../../lib/pace.ts';
import type { KeyUse } from './api-keys.ts';
import type { KeptValues } from '../../store/kept-values.ts';
import type { NodeTable } from './nodes.ts';

export interface AdmissionOptions {
  readonly limits: Limits;
  /** Silence, on the event clock, after which a node may be evicted to make room for another. */
  readonly offlineAfterMs: number;
  /** The observed clock as last committed. */
  readonly observedMs: number;
}

const GLOBAL_DUE = 'limit_global_due_ms';
const NEW_NODES_DUE = 'limit_new_nodes_due_ms';
const EVENT_CLOCK = 'event_clock';

export class Admission {
  readonly #kept: KeptValues;
  readonly #nodes: NodeTable;
  readonly #limits: ReturnType<typeof paces>;
  readonly #nodesMax: number;
  readonly #offlineAfterMs: number;
  readonly #events: EventClock;
  /** The shared limits' schedules, kept with each commit. */
  #globalDueMs: number;
  #newNodesDueMs: number;

  constructor(kept: KeptValues, nodes: NodeTable, { limits, offlineAfterMs, observedMs }: AdmissionOptions) {
    this.#kept = kept;
    this.#nodes = nodes;
    this.#limits = paces(limits);
    this.#nodesMax = limits.maxNodes;
    this.#offlineAfterMs = offlineAfterMs;
    this.#globalDueMs = kept.number(GLOBAL_DUE);
    this.#newNodesDueMs = kept.number(NEW_NODES_DUE);
    const state = keptEventClock(kept) ?? eventClockAt(nodes.latestMs, observedMs);
    this.#events = new EventClock(state, longestGapMs(offlineAfterMs));
  }

  /** The next message in the order of reading has the event time `atMs`; returns its time on the event clock. */
  pass(atMs: number, observedMs: number, isPlain: boolean): number {
    return this.#events.pass(atMs, observedMs, isPlain);
  }

  /** What the event clock would show for an event at `atMs`; `-Infinity` stands for the last message. */
  eventMs(atMs: number): number {
    return this.#events.at(atMs);
  }

  /** The time of the message that was passed last, on the event clock without long gaps: silence is measured on it. */
  get presentMs(): number {
    return this.#events.presentMs;
  }

  /**
   * Judges all limits at `atMs`, on the event clock, and, if the message is within every one, uses it up in the shared ones.
   * `nodeDueMs` is null for a node that is new; `use` is null for a message that no key signed. A node
   * that is evicted must be silent at `presentMs`, and with `observedMs` on the observed clock too.
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
    // A key has a rate of its own, which strangers under its node's id cannot spend.
    if (use !== null && !isWithin(use.pace, use.limitDueMs, atMs)) return false;
    if (use === null && nodeDueMs !== null && !isWithin(perNode, nodeDueMs, atMs)) return false;
    if (!isWithin(all, globalDueMs, atMs)) return false;
    if (nodeDueMs === null) {
      const newNodesDueMs = this.#newNodesDueMs;
      if (!isWithin(newNodes, newNodesDueMs, atMs)) return false;
      if (!this.#nodes.hasNumberLeft) return false;
      // Last, for it changes something: no node may be evicted for a message that is refused after all.
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

  /** The schedule of a node after an unsigned message of it was let in at `atMs` on the event clock. */
  nodeDueMs(dueMs: number, atMs: number): number {
    return advance(this.#limits.perNode, dueMs, atMs);
  }

  /** Keeps the schedules and the event clock with the next commit. */
  keep(): void {
    this.#kept.set(GLOBAL_DUE, this.#globalDueMs);
    this.#kept.set(NEW_NODES_DUE, this.#newNodesDueMs);
    this.#kept.set(EVENT_CLOCK, JSON.stringify(this.#events.state));
  }
}

function keptEventClock(kept: KeptValues): EventClockState | null {
  const text = kept.text(EVENT_CLOCK);
  return text === null ? null : (JSON.parse(text) as EventClockState);
}

/** A database from before this clock goes on from the latest time in it, which may be one of the future. */
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
