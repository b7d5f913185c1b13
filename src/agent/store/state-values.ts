// The single values of a state, in the table `settings_kept`: the salt, the commit counter, the phase, and the counters
// that only grow. Changes reach the disk with the caller's transaction; after a rollback a new object has to be made.

import { StoredValues } from '../../store/stored-values.ts';
import type { FactCounts } from '../domain/agent-state.ts';
import type { CountName, FactOutcome, StatePhase } from '../domain/fact-store.ts';
import type { NodeCounts } from '../domain/messages.ts';

/** What became of queued messages since the state was made; queued = confirmed + set aside + those that wait. */
export interface MessageEnds {
  readonly confirmed: number;
  readonly setAside: number;
}

/** The values of a state. */
export class StateValues extends StoredValues {
  /** Transactions since the first state of this identity. */
  get commits(): number {
    return this.number('commits');
  }

  get phase(): StatePhase {
    const phase = this.text('phase');
    return phase === 'first' || phase === 'anew' ? phase : 'kept';
  }

  /** When the first state of this identity was made, in ms since the epoch. */
  get sinceMs(): number {
    return this.number('since_ms');
  }

  get factCounts(): FactCounts {
    return {
      known: this.number('known'),
      remembered: this.number('remembered'),
      queued: this.number('queued'),
    };
  }

  get messageEnds(): MessageEnds {
    return { confirmed: this.number('confirmed'), setAside: this.number('set_aside') };
  }

  /** The counts of the node, but for `active`. */
  get nodeCounts(): Omit<NodeCounts, 'active'> {
    return {
      total: this.number('total'),
      received: this.number('received'),
      completed: this.number('completed'),
      failed: this.number('failed'),
      invoices: this.number('invoices'),
    };
  }

  /** The day, since 1970, of the newest fact that had to make room for others; null if none had to. */
  get evictedDay(): number | null {
    return this.text('evicted_day') === null ? null : this.number('evicted_day');
  }

  /** Adds to a counter. */
  add(name: CountName | FactOutcome | 'commits' | 'confirmed' | 'set_aside' | 'message_ids', by = 1): void {
    this.set(name, this.number(name) + by);
  }
}
