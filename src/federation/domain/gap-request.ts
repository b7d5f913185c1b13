// A request to a splitter for rounds that are missing in the log of a partition. It comes from another process, so nothing
// in it is believed before it is checked.

import { isObject } from '../../lib/is-object.ts';
import { isSource, type Source } from './cluster.ts';

/** A request for everything of the source after `upto`. */
export interface GapRequest {
  readonly source: Source;
  readonly upto: number;
  readonly partition: number;
}

/** The request of these bytes; null if they are none that this cluster of so many partitions can have sent. */
export function gapRequestOf(bytes: Uint8Array, partitions: number): GapRequest | null {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(json) || !isSource(json['source'])) return null;
  const { source, upto, partition } = json;
  if (typeof upto !== 'number' || !Number.isSafeInteger(upto) || upto < 0) return null;
  if (typeof partition !== 'number' || !Number.isInteger(partition)) return null;
  if (partition < 0 || partition >= partitions) return null;
  return { source: { stream: source.stream, incarnation: source.incarnation }, upto, partition };
}
