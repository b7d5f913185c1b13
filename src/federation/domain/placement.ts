// Which partition a message of an input stream belongs to: a pure function of its bytes and its sequence. It judges
// nothing. Version 1 of the rule is frozen (`ClusterConfig.routing`): two programs that run at once must never differ.

import { isObject } from '../../lib/is-object.ts';
import { MESSAGE_BYTES_MAX } from './decode.ts';

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * The partition, from 0 to `partitions` − 1, of the message with this payload and sequence. A message of a node goes to
 * the node's partition: FNV-1a of 32 bits over the UTF-8 bytes of `nodeId`, modulo the number of partitions, as the
 * broker's own `{{partition}}` computes it. What names no node (longer than a message may be, no JSON, no `nodeId` that
 * is a string) is spread by its sequence. Of several members `nodeId` the last counts, as in `JSON.parse`. A payload may
 * be cut after the first byte beyond the limit.
 */
export function partitionOf(payload: Uint8Array, seq: number, partitions: number): number {
  // The rule has the same result without reading the message.
  if (partitions === 1) return 0;
  const nodeId = nodeIdOf(payload);
  return nodeId === null ? seq % partitions : fnv1a(nodeId) % partitions;
}

/** FNV-1a of 32 bits over the UTF-8 bytes of a text. */
export function fnv1a(text: string): number {
  let hash = FNV_BASIS;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return fnv1aOfBytes(Buffer.from(text, 'utf8'));
    hash = Math.imul(hash ^ unit, FNV_PRIME);
  }
  return hash >>> 0;
}

function fnv1aOfBytes(bytes: Uint8Array): number {
  let hash = FNV_BASIS;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash >>> 0;
}

function nodeIdOf(payload: Uint8Array): string | null {
  if (payload.length > MESSAGE_BYTES_MAX) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(json)) return null;
  const { nodeId } = json;
  return typeof nodeId === 'string' ? nodeId : null;
}
