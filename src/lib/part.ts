// The one face of everything that starts and stops, and the order in which started parts stop: the reverse of their start,
// or, where they stand beside each other, all at the same time. It knows no part.

/**
 * Holds a thread, a process, a socket or a timer from `start` to `stop`. Each of the two is called at most once, by whoever
 * put the part together with others: `start` never by itself.
 */
export interface Part<Started = void> {
  /** Resolves when the part does its work, with what others need to know of it from then on. Leaves the rest to `stop` when it throws. */
  start(): Promise<Started>;
  /** Resolves when nothing of the part is left. It may be called while `start` is under way or after it threw. */
  stop(): Promise<void>;
}

/** Where the stop of a part is kept until it is due. Throws a `ReferenceError` if that was before. */
export type Place = Pick<AsyncDisposableStack, 'defer'>;

/** Keeps the part's stop in its place, then starts it: a stop that comes in the middle of the start finds the part there. */
export async function startAt<Started>(place: Place, part: Part<Started>): Promise<Started> {
  place.defer(() => part.stop());
  return part.start();
}

/** Parts that stop at the same time, the last one asked first. One that fails to stop keeps no other from stopping. */
export class SideBySide implements Place, AsyncDisposable {
  readonly #stops: (() => PromiseLike<void> | void)[] = [];
  #isDisposed = false;

  defer(stop: () => PromiseLike<void> | void): void {
    if (this.#isDisposed) throw new ReferenceError('These parts are being stopped already.');
    this.#stops.push(stop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const stops = this.#stops.splice(0).toReversed();
    const ends = await Promise.allSettled(stops.map(async (stop) => stop()));
    const errors = ends.filter((end) => end.status === 'rejected').map(({ reason }): unknown => reason);
    if (errors.length > 0) throw new AggregateError(errors, 'Parts failed to stop.');
  }
}
