// Decodes what a replica says about itself. It comes from another process, perhaps of another version, so nothing in it is
// believed before it is checked. This file sends and receives nothing.

import { isObject } from '../../lib/is-object.ts';
import type { Place, ReplicaPosition, SourcePosition } from './cluster.ts';

/** Maximum size of a place in bytes. */
export const PLACE_BYTES_MAX = 65_536;
/** Sources in one place; a longer list is cut. */
const SOURCES_MAX = 256;

const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
/** Text that is shown to people and stored nowhere. */
const SHOWN = /^[ -~]{0,256}$/;
const STREAM = /^[^\s.*>/\\\p{C}]{1,255}$/u;
const INCARNATION = /^[!-~]{1,128}$/;

/** Returns null if the bytes are no place that this version can read. */
export function decodePlace(bytes: Uint8Array): Place | null {
  if (bytes.length > PLACE_BYTES_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { partition, replica, process, http, version, roundVersion, isActive, isPublisher, isReady } = value;
  const position = positionOf(value['position']);
  if (!isCount(partition) || !isCount(roundVersion) || position === null) return null;
  if (
    !matches(TOKEN, replica) ||
    !matches(TOKEN, process) ||
    !matches(SHOWN, http) ||
    !matches(SHOWN, version)
  )
    return null;
  return {
    partition,
    replica,
    process,
    http,
    version,
    roundVersion,
    isActive: isActive === true,
    isPublisher: isPublisher === true,
    isReady: isReady === true,
    position,
  };
}

function positionOf(value: unknown): ReplicaPosition | null {
  if (!isObject(value)) return null;
  const { logSeq, progress, sources, holes, control, nodesDigest } = value;
  if (!isCount(logSeq) || !isCount(progress) || !isCount(holes) || !matches(SHOWN, nodesDigest)) return null;
  if ((control !== null && !matches(TOKEN, control)) || !Array.isArray(sources)) return null;
  const read = sources.slice(0, SOURCES_MAX).map(sourceOf);
  if (!read.every((source) => source !== null)) return null;
  return { logSeq, progress, sources: read, holes, control, nodesDigest };
}

function sourceOf(value: unknown): SourcePosition | null {
  if (!isObject(value)) return null;
  const { stream, incarnation, first, upto, watermarkMs, isAway } = value;
  if (!matches(STREAM, stream) || !matches(INCARNATION, incarnation)) return null;
  if (!isCount(upto) || !isCount(watermarkMs)) return null;
  const known = isCount(first) ? { first } : {};
  return { stream, incarnation, ...known, upto, watermarkMs, isAway: isAway === true };
}

function matches(form: RegExp, value: unknown): value is string {
  return typeof value === 'string' && form.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
