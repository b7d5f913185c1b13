// The checkpoint of a splitter: how far an input stream has been split into all logs. It stands in the stream of records,
// one for each input stream. It is only a place to begin: what lies after it may be in the logs already.

import { isObject } from '../../lib/is-object.ts';
import { isSource, type Source } from './cluster.ts';

/** A checkpoint. */
export interface Checkpoint {
  readonly source: Source;
  /**
   * The incarnation by which the stream is recognised. It differs from that of `source` if the broker gave the stream
   * another creation time since.
   */
  readonly incarnation: string;
  /** The first sequence that the source ever had for the cluster. */
  readonly first: number;
  /** Everything up to this sequence is in all logs. */
  readonly seq: number;
  /** The broker's time of the message at `seq`, ms since the epoch; null if that is not known. */
  readonly atMs: number | null;
}

/** The checkpoint as it is stored. */
export function checkpointText(checkpoint: Checkpoint): string {
  return JSON.stringify(checkpoint);
}

/** The checkpoint of this text; null if the text is none. */
export function checkpointOf(text: string): Checkpoint | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  const { source, incarnation, first, seq, atMs } = json;
  if (!isSource(source) || typeof incarnation !== 'string') return null;
  if (!isWhole(first) || !isWhole(seq) || first < 1 || seq < first - 1) return null;
  return { source, incarnation, first, seq, atMs: isWhole(atMs) ? atMs : null };
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
