// What the replicas of the cluster last said about themselves, as far as this process has heard it. It sends nothing.

import type { ReplicaSight } from '../domain/cluster-status.ts';
import type { Place } from '../domain/cluster.ts';

/** A replica counts as there for this long after it was heard, in ms. */
export const HEARD_WITHIN_MS = 10_000;
/** Maximum number of processes that are kept in mind; the one heard longest ago makes room. */
export const PLACES_MAX = 64;

interface Heard {
  readonly place: Place;
  readonly atMs: number;
  /** How often the process was heard in a row, with less than {@link HEARD_WITHIN_MS} between two times. */
  readonly times: number;
}

/** The replicas that were heard. Times are on the monotonic clock. */
export class Places {
  /** By process, the one heard longest ago first. */
  readonly #heard = new Map<string, Heard>();

  heard(place: Place, nowMs: number): void {
    const before = this.#heard.get(place.process);
    this.#heard.delete(place.process);
    const isInRow = before !== undefined && nowMs - before.atMs < HEARD_WITHIN_MS;
    this.#heard.set(place.process, { place, atMs: nowMs, times: isInRow ? before.times + 1 : 1 });
    for (const [process] of this.#heard) {
      if (this.#heard.size <= PLACES_MAX) break;
      this.#heard.delete(process);
    }
  }

  /** The process said that it ends. */
  ended(process: string): void {
    this.#heard.delete(process);
  }

  /** This process and the others that were heard lately, by partition and name. */
  sights(own: Place, nowMs: number): readonly ReplicaSight[] {
    const others = this.#lately(own, nowMs).map(({ place, atMs }) => ({
      place,
      heardAgoMs: nowMs - atMs,
      isSelf: false,
    }));
    return [{ place: own, heardAgoMs: 0, isSelf: true }, ...others].toSorted(
      ({ place: one }, { place: other }) =>
        one.partition - other.partition || (one.replica < other.replica ? -1 : 1),
    );
  }

  /**
   * The places of other processes that go by the name of this one: they spoke more than once, so they are none that has
   * just ended.
   */
  doubles(own: Place, nowMs: number): readonly Place[] {
    return this.#lately(own, nowMs)
      .filter(({ times }) => times > 1)
      .map(({ place }) => place)
      .filter((place) => place.partition === own.partition && place.replica === own.replica);
  }

  #lately(own: Place, nowMs: number): readonly Heard[] {
    return [...this.#heard.values()].filter(
      ({ place, atMs }) => nowMs - atMs < HEARD_WITHIN_MS && place.process !== own.process,
    );
  }
}
