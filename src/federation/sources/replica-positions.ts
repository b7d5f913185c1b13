// Asks the replicas of a cluster how far they have applied an input stream, for a splitter that finds no checkpoint. It
// waits for what they say of themselves once a second; it sends nothing.

import { isObject } from '../../lib/is-object.ts';
import { type NatsConnection, pause } from '../../io/nats.ts';
import { CLUSTER_SUBJECTS, isSource } from '../domain/cluster.ts';
import type { UptoOfSource } from './split-parts.ts';

/** Every replica speaks once a second: after this time all that live have been heard, in ms. */
const HEARD_AFTER_MS = 2_500;
/** A cluster whose logs hold rounds has replicas: they are waited for this long, in ms, if none is heard. */
const WAITED_MAX_MS = 30_000;

/** What {@link askPositions} needs to know. */
export interface PositionsQuestion {
  /** True if some log has ever held a round. */
  hasRounds(): Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * What all replicas that were heard say of their sources. Empty if the logs are new. Also empty if no replica was heard for
 * 30 s: then a splitter begins at the stream's first message, and replicas skip what they have.
 */
export async function askPositions(
  connection: NatsConnection,
  { hasRounds, signal }: PositionsQuestion,
): Promise<readonly UptoOfSource[]> {
  if (!(await hasRounds())) return [];
  const heard = new Map<string, readonly UptoOfSource[]>();
  const subscription = connection.subscribe(CLUSTER_SUBJECTS.positions, {
    callback: (error, { subject, data }) => {
      if (error === null) heard.set(subject, positionsOf(data));
    },
  });
  try {
    for (let waitedMs = 0; waitedMs < WAITED_MAX_MS && !signal.aborted; waitedMs += HEARD_AFTER_MS) {
      await pause(HEARD_AFTER_MS, signal);
      if (heard.size > 0) break;
    }
    return [...heard.values()].flat();
  } finally {
    subscription.unsubscribe();
  }
}

/** The positions in what a replica says of itself; members that are wrong are left out. */
function positionsOf(bytes: Uint8Array): readonly UptoOfSource[] {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return [];
  }
  const position = isObject(place) ? place['position'] : null;
  const sources: unknown = isObject(position) ? position['sources'] : null;
  return Array.isArray(sources) ? sources.flatMap(positionOf) : [];
}

function positionOf(value: unknown): readonly UptoOfSource[] {
  if (!isObject(value) || !isSource(value)) return [];
  const { stream, incarnation } = value;
  const { first, upto } = value as { readonly first?: unknown; readonly upto?: unknown };
  if (!isWhole(upto)) return [];
  const isFirst = isWhole(first) && first >= 1 && first <= upto + 1;
  return [{ stream, incarnation, upto, ...(isFirst ? { first } : {}) }];
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
