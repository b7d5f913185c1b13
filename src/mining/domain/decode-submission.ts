// Decodes the parameters of `submit_nonce`: nine members with fixed types. It does not know whether they are true.

import { isLosslessObject, type LosslessJson, memberOf, readU64 } from '../../lib/lossless-json.ts';
import { type Refusal, RPC_ERRORS } from './answer.ts';
import type { Submission } from './submission.ts';

/** Longest block hash that a miner may name, in characters. */
export const BLOCK_HASH_CHARACTERS_MAX = 128;

/** Greatest compression level that a submission may name; the block decides which levels are allowed. */
export const COMPRESSION_MAX = 255;

/** The members of `submit_nonce` in the order in which an array has them and an upstream is sent them. */
export const SUBMISSION_MEMBERS = [
  'block_hash',
  'height',
  'generation_signature',
  'base_target',
  'account_id',
  'seed',
  'nonce',
  'compression',
  'raw_quality',
] as const;
type Member = (typeof SUBMISSION_MEMBERS)[number];

/** The submission in these parameters; or −32600 that names the first missing or ill-typed member, −32001 for a base
 * target of 0. */
export type DecodedSubmission = { readonly type: 'submission'; readonly submission: Submission } | Refusal;

/** The error −32600; `error` says what is wrong with the request, and stands in the message too. */
export function invalidRequest(error: string): Refusal {
  return {
    type: 'refused',
    code: RPC_ERRORS.invalidRequest,
    message: `Invalid request: ${error}`,
    data: { error },
  };
}

/** No block has this base target, and nothing can be divided by it, so no submission with it goes any further. */
const ZERO_BASE_TARGET: Refusal = {
  type: 'refused',
  code: RPC_ERRORS.invalidSubmission,
  message: 'Invalid submission: base_target must be at least 1',
};

/** Decodes `params`, an object or an array in the order of {@link SUBMISSION_MEMBERS}. Further members do not count. */
export function decodeSubmission(params: LosslessJson | undefined): DecodedSubmission {
  const valueOf = reader(params);
  if (valueOf === null) {
    return invalidRequest(`params must be an object, or an array of ${SUBMISSION_MEMBERS.join(', ')}`);
  }
  try {
    const u64 = (name: Member): bigint => integer(name, valueOf(name));
    const hex = (name: Member, digits: number): string => hexDigits(name, valueOf(name), digits);
    const submission: Submission = {
      blockHash: blockHash(valueOf('block_hash')),
      height: u64('height'),
      generationSignature: hex('generation_signature', 64),
      baseTarget: u64('base_target'),
      accountId: hex('account_id', 40),
      seed: hex('seed', 64),
      nonce: u64('nonce'),
      compression: compression(valueOf('compression')),
      rawQuality: u64('raw_quality'),
    };
    return submission.baseTarget === 0n ? ZERO_BASE_TARGET : { type: 'submission', submission };
  } catch (error) {
    if (error instanceof MemberError) return invalidRequest(error.message);
    throw error;
  }
}

/** A member that is missing or of another type. The message names it, and shows nothing that the miner sent. */
class MemberError extends Error {
  constructor(name: Member, value: LosslessJson | undefined, mustBe: string) {
    super(`${name} ${value === undefined ? 'is missing: it ' : ''}must be ${mustBe}`);
  }
}

/** How a member is found; null if the parameters are neither an object nor an array. */
function reader(params: LosslessJson | undefined): ((name: Member) => LosslessJson | undefined) | null {
  if (Array.isArray(params)) {
    const values = params as readonly LosslessJson[];
    return (name) => values[SUBMISSION_MEMBERS.indexOf(name)];
  }
  return isLosslessObject(params) ? (name) => memberOf(params, name) : null;
}

function integer(name: Member, value: LosslessJson | undefined): bigint {
  const read = readU64(value);
  if (read === null) {
    throw new MemberError(
      name,
      value,
      'an integer from 0 to 18446744073709551615, without sign, fraction or exponent',
    );
  }
  return read;
}

function compression(value: LosslessJson | undefined): number {
  const read = readU64(value);
  if (read === null || read > COMPRESSION_MAX) {
    throw new MemberError('compression', value, `an integer from 0 to ${COMPRESSION_MAX}`);
  }
  return Number(read);
}

function hexDigits(name: Member, value: LosslessJson | undefined, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[\da-f]+$/i.test(value)) {
    throw new MemberError(name, value, `a string of ${digits} hexadecimal digits`);
  }
  return value;
}

/**
 * True for a block hash that a miner may name: 1 to {@link BLOCK_HASH_CHARACTERS_MAX} characters. A half of a surrogate
 * pair has no form in UTF-8, so neither the database, a miner nor an upstream could be told it.
 */
export function isBlockHash(value: LosslessJson | undefined): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= BLOCK_HASH_CHARACTERS_MAX * 2 &&
    Array.from(value).length <= BLOCK_HASH_CHARACTERS_MAX &&
    value.isWellFormed()
  );
}

function blockHash(value: LosslessJson | undefined): string {
  if (!isBlockHash(value)) {
    throw new MemberError('block_hash', value, `a string of 1 to ${BLOCK_HASH_CHARACTERS_MAX} characters`);
  }
  return value;
}
