// Reads the mining information of an upstream, and judges whether miners may have it. It keeps nothing.

import { type LosslessObject, memberOf, printLossless, readU64 } from '../../lib/lossless-json.ts';
import { BLOCK_HASH_CHARACTERS_MAX, isBlockHash } from './decode-submission.ts';
import type { MiningInformation } from './information.ts';

/** An information, or what is wrong with it: a clause without text of strangers. */
export type ReadInformation =
  | { readonly type: 'taken'; readonly information: MiningInformation }
  | { readonly type: 'refused'; readonly reason: string };

/** Length of an information, printed without blanks, in bytes. */
export const INFORMATION_BYTES_MAX = 65_536;

const SIGNATURE = /^[0-9a-f]{64}$/i;

/**
 * Judges the result of `get_mining_info`. A miner aborts on a wrong signature, so that one is refused. Absent levels
 * count as 1, and so does 0. Members with other names may be anything.
 */
export function readInformation(result: LosslessObject): ReadInformation {
  const text = printLossless(result);
  if (Buffer.byteLength(text) > INFORMATION_BYTES_MAX) return refused('is longer than 64 KiB');
  const generationSignature = memberOf(result, 'generation_signature');
  if (typeof generationSignature !== 'string' || !SIGNATURE.test(generationSignature))
    return refused('has no generation_signature of 64 hex digits');
  const blockHash = memberOf(result, 'block_hash');
  // With any other one each submission of its block would be refused for its form.
  if (!isBlockHash(blockHash))
    return refused(`has no block_hash of 1 to ${BLOCK_HASH_CHARACTERS_MAX} characters`);
  const baseTarget = readU64(memberOf(result, 'base_target'));
  if (baseTarget === null || baseTarget === 0n) return refused('has no base_target of at least 1');
  const height = readU64(memberOf(result, 'height'));
  if (height === null) return refused('has no height');
  const targetQuality = optionalU64(result, 'target_quality');
  if (targetQuality === undefined) return refused('has a target_quality that is no unsigned integer');
  const minimum = optionalU64(result, 'minimum_compression_level');
  const target = optionalU64(result, 'target_compression_level');
  if (minimum === undefined || target === undefined)
    return refused('has a compression level that is no unsigned integer');
  const minimumCompression = level(minimum);
  const targetCompression = level(target);
  if (minimumCompression > targetCompression)
    return refused('has a minimum_compression_level above its target_compression_level');
  return {
    type: 'taken',
    information: {
      generationSignature,
      baseTarget,
      height,
      blockHash,
      targetQuality,
      minimumCompression,
      targetCompression,
      text,
    },
  };
}

/** True if two informations of the same block differ in a member that this program knows. */
export function differs(one: MiningInformation, other: MiningInformation): boolean {
  return (
    one.blockHash !== other.blockHash ||
    one.height !== other.height ||
    one.generationSignature !== other.generationSignature ||
    one.baseTarget !== other.baseTarget ||
    one.targetQuality !== other.targetQuality ||
    one.minimumCompression !== other.minimumCompression ||
    one.targetCompression !== other.targetCompression
  );
}

/** Null without the member, undefined if it is not an unsigned integer. A null in its place counts as absent. */
function optionalU64(result: LosslessObject, name: string): bigint | null | undefined {
  const member = memberOf(result, name);
  return member === undefined || member === null ? null : (readU64(member) ?? undefined);
}

function level(value: bigint | null): bigint {
  return value === null || value === 0n ? 1n : value;
}

function refused(reason: string): ReadInformation {
  return { type: 'refused', reason: `its information ${reason}` };
}
