// Compares the digests of two replicas of a partition: equal progress must mean equal digests. Pure: it only judges what
// it is told.

import type { Place, ReplicaPosition } from '../domain/cluster.ts';

/** Positions of this replica that are kept in mind: a minute of them at rest, less under load. */
const POSITIONS_KEPT_MAX = 256;
/** Replicas whose differences are kept in mind. */
const REPLICAS_MAX = 64;
/** Differences, at as many different positions, before a replica counts as different. */
const DIFFERENCES_BEFORE_ALARM = 3;

/** The replicas of the own partition that differ from this one. */
export class DigestWatch {
  /** Digest by progress, in the order in which this replica passed them. */
  readonly #own = new Map<number, string>();
  /** By replica: the positions in a row at which it differed. */
  readonly #differing = new Map<string, Set<number>>();

  passed({ progress, nodesDigest }: ReplicaPosition): void {
    this.#own.delete(progress);
    this.#own.set(progress, nodesDigest);
    const [oldest] = this.#own.keys();
    if (this.#own.size > POSITIONS_KEPT_MAX && oldest !== undefined) this.#own.delete(oldest);
  }

  /** Compares with what another replica of the partition says. */
  compare({ replica, position }: Place): void {
    const own = this.#own.get(position.progress);
    if (own === undefined) return;
    if (own === position.nodesDigest) {
      this.#differing.delete(replica);
      return;
    }
    const positions = this.#differing.get(replica) ?? new Set();
    if (positions.size < DIFFERENCES_BEFORE_ALARM) positions.add(position.progress);
    if (this.#differing.size < REPLICAS_MAX) this.#differing.set(replica, positions);
  }

  /** Names of the replicas that differ. */
  get differing(): readonly string[] {
    return [...this.#differing]
      .filter(([, positions]) => positions.size >= DIFFERENCES_BEFORE_ALARM)
      .map(([replica]) => replica);
  }
}
