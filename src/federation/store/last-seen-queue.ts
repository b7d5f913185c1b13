// The live nodes in the order in which they were last heard on the event clock, for MAX_NODES
// (docs/federation.md#eviction). It finds the first node to evict without reading the others. It holds every live
// node's id, never its row, and does not decide what counts as silence.

/**
 * A node's place in the queue. The owner raises `lastMs` as messages come; the queue corrects the place only when
 * needed.
 */
export interface Sighting {
  readonly nodeId: string;
  /** The time of the node's last message, on the event clock; it only rises. */
  lastMs: number;
  /** The `lastMs` by which the queue placed the node; never more than `lastMs`. */
  orderedMs: number;
  /** Index in the heap. */
  place: number;
}

/**
 * Maximum number of nodes moved one by one for one answer. If that is not enough, most times are outdated and the queue
 * is rebuilt.
 */
const MOVES_MAX = 5_000;

/**
 * A binary heap by (orderedMs, nodeId) that handles rising times lazily. A message costs one assignment; a node is
 * moved only when its outdated time has brought it to the top. Each node is moved at most once per stretch of silence
 * asked about, so asking is cheap on average. If no outdated time is old enough, asking costs one comparison.
 */
export class LastSeenQueue {
  readonly #heap: Sighting[] = [];
  readonly #byId = new Map<string, Sighting>();

  get size(): number {
    return this.#heap.length;
  }

  get(nodeId: string): Sighting | undefined {
    return this.#byId.get(nodeId);
  }

  add(nodeId: string, lastMs: number): Sighting {
    const sighting: Sighting = { nodeId, lastMs, orderedMs: lastMs, place: this.#heap.length };
    this.#byId.set(nodeId, sighting);
    this.#heap.push(sighting);
    this.#rise(sighting);
    return sighting;
  }

  remove(nodeId: string): void {
    const sighting = this.#byId.get(nodeId);
    if (sighting === undefined) return;
    this.#byId.delete(nodeId);
    const last = this.#heap.pop();
    if (last === undefined || last === sighting) return;
    this.#put(last, sighting.place);
    this.#rise(last);
    this.#sink(last);
  }

  /** The node with the least (last seen, node id), if it was last seen before `beforeMs`; else null. */
  leastBefore(beforeMs: number): string | null {
    for (let moves = 0; ; moves++) {
      const [top] = this.#heap;
      if (top === undefined || top.orderedMs >= beforeMs) return null;
      if (top.orderedMs === top.lastMs) return top.nodeId;
      if (moves < MOVES_MAX) {
        top.orderedMs = top.lastMs;
        this.#sink(top);
      } else {
        this.#reorder();
      }
    }
  }

  /** Updates every time and rebuilds the heap, which takes a fraction of the time of moving most nodes one by one. */
  #reorder(): void {
    for (const sighting of this.#heap) sighting.orderedMs = sighting.lastMs;
    for (let place = (this.#heap.length >> 1) - 1; place >= 0; place--) {
      const sighting = this.#heap[place];
      if (sighting !== undefined) this.#sink(sighting);
    }
  }

  #rise(sighting: Sighting): void {
    while (sighting.place > 0) {
      const above = this.#heap[(sighting.place - 1) >> 1];
      if (above === undefined || isBefore(above, sighting)) return;
      const place = above.place;
      this.#put(above, sighting.place);
      this.#put(sighting, place);
    }
  }

  #sink(sighting: Sighting): void {
    for (;;) {
      const left = this.#heap[2 * sighting.place + 1];
      const right = this.#heap[2 * sighting.place + 2];
      if (left === undefined) return;
      const least = right !== undefined && isBefore(right, left) ? right : left;
      if (isBefore(sighting, least)) return;
      const place = least.place;
      this.#put(least, sighting.place);
      this.#put(sighting, place);
    }
  }

  #put(sighting: Sighting, place: number): void {
    this.#heap[place] = sighting;
    sighting.place = place;
  }
}

/** Node ids are ASCII and distinct: JavaScript's order equals the order of their bytes, and no two are equal. */
function isBefore(a: Sighting, b: Sighting): boolean {
  return a.orderedMs === b.orderedMs ? a.nodeId < b.nodeId : a.orderedMs < b.orderedMs;
}
