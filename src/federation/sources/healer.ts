// The heals of one splitter: one at a time, and requests of several replicas for the same range are one heal.

import type { GapRequest } from '../domain/gap-request.ts';
import { Heal, type HealOptions, type HealParts } from './heal.ts';
import type { SplitterCounters } from './splitter-counters.ts';

/** A request that arrives this soon after the heal of its range was made before the rounds were read. */
const ANSWERED_MS = 1_000;

/** What a {@link Healer} needs of its splitter. */
export interface HealerParts extends Omit<HealParts, 'hold' | 'lost'> {
  /** The main line must read no further, or may read on. */
  hold(isHeld: boolean): void;
  readonly counters: SplitterCounters;
}

/** A heal that is done. */
interface Done {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

/** The heals of one splitter. */
export class Healer {
  readonly #partitions: number;
  readonly #parts: HealerParts;
  /** By partition: the least sequence after which something is missing. At most one for each partition. */
  readonly #wanted = new Map<number, { readonly upto: number; readonly facts: HealOptions['facts'] }>();
  #heal: Heal | null = null;
  #done: Done | null = null;

  constructor(partitions: number, parts: HealerParts) {
    this.#partitions = partitions;
    this.#parts = parts;
  }

  /** Takes a request; one that a heal answers already has no effect. */
  request({ partition, upto }: GapRequest, facts: HealOptions['facts']): void {
    // What follows the main line is on its way.
    if (upto >= this.#parts.target()) return;
    const active = this.#heal;
    if (active !== null && active.partition === partition && upto >= active.upto) return;
    const done = this.#done;
    const isFresh = done !== null && this.#parts.clock.monotonicMs() - done.atMs < ANSWERED_MS;
    if (isFresh && done.partition === partition && done.from <= upto && upto < done.to) return;
    const wanted = this.#wanted.get(partition);
    this.#wanted.set(partition, { upto: Math.min(upto, wanted?.upto ?? upto), facts });
    this.#next();
  }

  /** Gives up everything; the partitions ask again. */
  stop(): void {
    this.#wanted.clear();
    this.#done = null;
    this.#heal?.stop();
    this.#heal = null;
  }

  #next(): void {
    if (this.#heal !== null) return;
    for (const [partition, { upto, facts }] of this.#wanted) {
      this.#wanted.delete(partition);
      void this.#run({ partitions: this.#partitions, partition, upto, facts });
      return;
    }
  }

  async #run(options: HealOptions): Promise<void> {
    const { counters } = this.#parts;
    const heal = new Heal(options, {
      ...this.#parts,
      hold: () => {
        if (this.#heal === heal) this.#parts.hold(true);
      },
      lost: (sequences) => {
        counters.lostInHeals += sequences;
      },
    });
    this.#heal = heal;
    counters.heals++;
    const isDone = await heal.run();
    // Another heal, or none, has taken its place.
    if (this.#heal !== heal) return;
    this.#heal = null;
    const { partition, upto: from } = options;
    if (isDone) this.#done = { partition, from, to: heal.to, atMs: this.#parts.clock.monotonicMs() };
    this.#parts.hold(false);
    this.#next();
  }
}
