// Asks splitters for rounds that are missing. A hole is asked for again until the round that closes it has come. It
// judges no rounds: the ingest thread says where holes are.

import { CLUSTER_SUBJECTS, type Source, sourceName } from '../domain/cluster.ts';
import type { GapRequest } from '../domain/gap-request.ts';
import type { RoundHeader } from '../domain/round.ts';

/** Sources whose holes are remembered at the same time. */
const HOLES_MAX = 64;
/** Time between two requests for one hole, in ms. */
export const HOLE_ASKED_AGAIN_MS = 2_000;
/** A hole of which the ingest thread says nothing for this long is forgotten, in ms: no round of its source comes. */
const HOLE_FORGOTTEN_MS = 600_000;

interface Hole {
  readonly request: GapRequest;
  /** When it was last asked for, and when the ingest thread last spoke of it, on the monotonic clock. */
  askedMs: number;
  foundMs: number;
}

/** The holes of one log. */
export class Holes {
  readonly #partition: number;
  readonly #ask: (subject: string, request: GapRequest) => void;
  readonly #holes = new Map<string, Hole>();

  /** `ask` publishes a request. */
  constructor(partition: number, ask: (subject: string, request: GapRequest) => void) {
    this.#partition = partition;
    this.#ask = ask;
  }

  /** The ingest thread skipped a round, because what follows `upto` is missing. */
  found(source: Source, upto: number, nowMs: number): void {
    const name = sourceName(source);
    const known = this.#holes.get(name);
    if (known?.request.upto === upto) known.foundMs = nowMs;
    if (known?.request.upto === upto || (known === undefined && this.#holes.size >= HOLES_MAX)) return;
    const request = { source, upto, partition: this.#partition };
    const hole = { request, askedMs: nowMs, foundMs: nowMs };
    this.#holes.set(name, hole);
    this.#askFor(hole, nowMs);
  }

  /**
   * A round was handed on: it may close the hole of its source. No splitter fills a hole of another incarnation of its
   * stream, so nothing more is asked about that.
   */
  passed({ source, from, to }: RoundHeader): void {
    for (const [name, { request }] of this.#holes) {
      if (request.source.stream !== source.stream) continue;
      const isOfAnother = request.source.incarnation !== source.incarnation;
      if (isOfAnother || (from <= request.upto && request.upto < to)) this.#holes.delete(name);
    }
  }

  /** Asks again for what is still missing. */
  remind(nowMs: number): void {
    for (const [name, hole] of this.#holes) {
      if (nowMs - hole.foundMs > HOLE_FORGOTTEN_MS) this.#holes.delete(name);
      else if (nowMs - hole.askedMs >= HOLE_ASKED_AGAIN_MS) this.#askFor(hole, nowMs);
    }
  }

  #askFor(hole: Hole, nowMs: number): void {
    hole.askedMs = nowMs;
    this.#ask(CLUSTER_SUBJECTS.gap(hole.request.source.stream), hole.request);
  }
}
