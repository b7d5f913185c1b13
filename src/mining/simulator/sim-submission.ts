// The nine members of a submission, as the simulators send and read them. The reading is strict: what a real pool or
// node does not take is named.

/** One submission; its members in the order of the wire. */
export interface SimSubmission {
  readonly blockHash: string;
  readonly height: bigint;
  readonly generationSignature: string;
  readonly baseTarget: bigint;
  readonly accountId: string;
  readonly seed: string;
  readonly nonce: bigint;
  readonly compression: number;
  readonly rawQuality: bigint;
}

/** Why parameters cannot be read, with the code of the answer. */
export interface ReadFault {
  readonly code: number;
  readonly text: string;
}

/** The members on the wire, in their order. */
export const WIRE_MEMBERS = [
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

type WireMember = (typeof WIRE_MEMBERS)[number];

/** Parameters for the wire: an object with exactly the nine members. */
export function paramsOf(submission: SimSubmission): Readonly<Record<WireMember, unknown>> {
  return {
    block_hash: submission.blockHash,
    height: submission.height,
    generation_signature: submission.generationSignature,
    base_target: submission.baseTarget,
    account_id: submission.accountId,
    seed: submission.seed,
    nonce: submission.nonce,
    compression: BigInt(submission.compression),
    raw_quality: submission.rawQuality,
  };
}

const UNKNOWN_PARAMETER = -8;
const INVALID_PARAMETERS = -32602;

/** Reads parameters: an object with exactly the nine members, in their order and of their types. */
export function readSubmission(params: unknown): SimSubmission | ReadFault {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return { code: INVALID_PARAMETERS, text: 'params is not an object' };
  const given = params as Readonly<Record<string, unknown>>;
  const names = Object.keys(given);
  const stranger = names.find((name) => !(WIRE_MEMBERS as readonly string[]).includes(name));
  if (stranger !== undefined) return { code: UNKNOWN_PARAMETER, text: `Unknown named parameter ${stranger}` };
  const wrong = WIRE_MEMBERS.find((name) => !isRightType(name, given[name]));
  if (wrong !== undefined) return { code: INVALID_PARAMETERS, text: `${wrong} is missing or ill-typed` };
  if (names.join() !== WIRE_MEMBERS.join())
    return { code: INVALID_PARAMETERS, text: 'the members are not in their order' };
  return {
    blockHash: given['block_hash'] as string,
    height: given['height'] as bigint,
    generationSignature: given['generation_signature'] as string,
    baseTarget: given['base_target'] as bigint,
    accountId: given['account_id'] as string,
    seed: given['seed'] as string,
    nonce: given['nonce'] as bigint,
    compression: Number(given['compression']),
    rawQuality: given['raw_quality'] as bigint,
  };
}

function isRightType(name: WireMember, value: unknown): boolean {
  switch (name) {
    case 'block_hash':
      return typeof value === 'string' && value.length >= 1 && value.length <= 128;
    case 'generation_signature':
    case 'seed':
      return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value);
    case 'account_id':
      return typeof value === 'string' && /^[0-9a-f]{40}$/i.test(value);
    case 'compression':
      return typeof value === 'bigint' && value >= 0n && value <= 255n;
    case 'height':
    case 'base_target':
    case 'nonce':
    case 'raw_quality':
      return typeof value === 'bigint' && value >= 0n && value < 2n ** 64n;
  }
}
