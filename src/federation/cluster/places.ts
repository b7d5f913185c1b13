// What the replicas of the cluster last said about themselves, as far as this process has heard it. It sends nothing.

import { LEASE_TAKEN_AFTER_MS } from '../../io/lease.ts';
import type { ReplicaSight } from '../domain/cluster-status.ts';
import type { Place } from '../domain/cluster.ts';

/** A replica counts as there for this long after it was heard, in ms. */
export const HEARD_WITHIN_MS = 10_000;
/** A replica that did not say that it ends is shown for this long after it was heard, in ms, so that an operator sees it is away. */
export const SHOWN_MS = 86_400_000;
/** What a replica says of its leases counts for this long, in ms: others take them from a silent process. */
const ROLES_MS = LEASE_TAKEN_AFTER_MS;
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

  /**
   * This process and the others, by partition and name: those that are there, and those that fell silent within the last
   * {@link SHOWN_MS}. A silent one is not ready, and neither publishes nor is active; at most one process publishes.
   */
  sights(own: Place, nowMs: number): readonly ReplicaSight[] {
    const heard = [...this.#heard.values()].filter(
      ({ place, atMs }) => place.process !== own.process && nowMs - atMs < SHOWN_MS,
    );
    const others = heard
      .filter((one) => nowMs - one.atMs < ROLES_MS || !hasSuccessor(one, own, heard))
      .map(({ place, atMs }) => ({
        place: judged(place, nowMs - atMs),
        heardAgoMs: nowMs - atMs,
        isSelf: false,
      }));
    const sights = [{ place: own, heardAgoMs: 0, isSelf: true }, ...others];
    const publisher = lastHeard(sights.filter(({ place }) => place.isPublisher));
    const active = lastHeard(
      sights.filter(({ place }) => place.isActive && place.partition === own.partition),
    );
    return sights
      .map((sight) => {
        const { place } = sight;
        const isActive = place.isActive && (place.partition !== own.partition || sight === active);
        return { ...sight, place: { ...place, isActive, isPublisher: sight === publisher } };
      })
      .toSorted(
        ({ place: one }, { place: other }) =>
          one.partition - other.partition || (one.replica < other.replica ? -1 : 1),
      );
  }

  /** The places of this process and of the others that are there. */
  there(own: Place, nowMs: number): readonly Place[] {
    return this.sights(own, nowMs)
      .filter(({ heardAgoMs }) => heardAgoMs < HEARD_WITHIN_MS)
      .map(({ place }) => place);
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

/** True if a later process has the name of a silent one: that is the same replica, started again. */
function hasSuccessor({ place, atMs }: Heard, own: Place, heard: readonly Heard[]): boolean {
  const isSame = ({ partition, replica }: Place) =>
    partition === place.partition && replica === place.replica;
  return isSame(own) || heard.some((other) => other.atMs > atMs && isSame(other.place));
}

/** What a place says after so long a silence, in ms. */
function judged(place: Place, heardAgoMs: number): Place {
  if (heardAgoMs < ROLES_MS) return place;
  return {
    ...place,
    isActive: false,
    isPublisher: false,
    isReady: place.isReady && heardAgoMs < HEARD_WITHIN_MS,
  };
}

/** The sight that was heard last. */
function lastHeard(sights: readonly ReplicaSight[]): ReplicaSight | null {
  return sights.toSorted((one, other) => one.heardAgoMs - other.heardAgoMs)[0] ?? null;
}
