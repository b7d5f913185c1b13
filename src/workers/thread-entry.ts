// The thread's side of a child thread (child-thread.ts is main's side): it makes and starts the thread's work, passes
// main's messages on, and stops it all when main says so.

import { parentPort, workerData } from 'node:worker_threads';
import { CodedError } from '../lib/errors.ts';
import { type Part, type Place, startAt } from '../lib/part.ts';

/** The work of a thread. */
export interface ThreadWork<In> extends Part {
  /** Takes a message of main, from before the start on. */
  receive?(message: Exclude<In, { readonly type: 'stop' }>): void;
}

/** What a thread's work is made of. */
export interface ThreadParts<Data, Out> {
  /** What main handed to the thread. */
  readonly data: Data;
  /** Sends a message to main. */
  send(message: Out): void;
  /** Where it registers what is released after the work has stopped. */
  readonly place: Place;
}

/**
 * Runs the thread whose entry calls it; elsewhere it does nothing. A stop answers `stopped` when everything is released. A
 * `CodedError` of the start is told as `failed`; any other error ends the thread.
 */
export async function runThread<Data, In extends { readonly type: string }, Out>(
  make: (parts: ThreadParts<Data, Out>) => ThreadWork<In>,
): Promise<void> {
  if (parentPort === null) return;
  const port = parentPort;
  const place = new AsyncDisposableStack();
  const stopped = Promise.withResolvers<void>();
  const stop = async (): Promise<void> => {
    await place.disposeAsync();
    port.postMessage({ type: 'stopped' });
    port.close();
    stopped.resolve();
  };
  try {
    const work = make({ data: workerData as Data, send: (message) => port.postMessage(message), place });
    port.on('message', (message: In) => {
      if (message.type === 'stop') void stop();
      else work.receive?.(message as Exclude<In, { readonly type: 'stop' }>);
    });
    // A start may wait for a message of another thread that has stopped; Node would warn that it never ends.
    await Promise.race([startAt(place, work), stopped.promise]);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    port.postMessage({ type: 'failed', code: error.code, sentence: error.message });
    port.close();
  }
}
