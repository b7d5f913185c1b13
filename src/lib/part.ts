// The common interface of everything that starts and stops, and the order in which started parts stop: the reverse of
// their start, or all at the same time if they stand side by side. It knows no concrete part.

/**
 * A thread, a process, a socket or a timer that is held from `start` to `stop`. Whoever put the part together with
 * others calls each of the two at most once; a part never calls its own `start`.
 */
export interface Part<Started = void> {
  /**
   * Resolves when the part does its work, with the values that others need from then on. If it throws, `stop` still has
   * to clean up.
   */
  start(): Promise<Started>;
  /**
   * Resolves when everything that the part held is released. May be called while `start` is in progress, and after it
   * threw.
   */
  stop(): Promise<void>;
}

/** Where a part's `stop` is registered until it is due. Throws a `ReferenceError` if it was due already. */
export type Place = Pick<AsyncDisposableStack, 'defer'>;

/**
 * Registers the part's stop in its place, then starts it: a stop in the middle of the start finds the part registered.
 */
export async function startAt<Started>(place: Place, part: Part<Started>): Promise<Started> {
  place.defer(() => part.stop());
  return part.start();
}

/**
 * Parts that stop at the same time; the last one registered is called first. A part that fails to stop does not keep
 * another from stopping.
 */
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
