// Compares a submission with its block. The block is the upstream's, never the miner's. Each refusal has a reason that
// a person understands, because miners print nothing else. It checks no proof.

import { type Refusal, RPC_ERRORS } from './answer.ts';
import type { KnownBlock, MiningInformation } from './information.ts';
import { adjustedQuality } from './poc-time.ts';
import type { Submission } from './submission.ts';

/** The greatest compression level that a proof can have. */
const COMPRESSION_LEVEL_MAX = 7n;

/** A refusal of a submission that is wrong in itself or does not fit its block. */
export function invalidSubmission(message: string): Refusal {
  return { type: 'refused', code: RPC_ERRORS.invalidSubmission, message };
}

/** The refusal of a submission whose base target no block can have, and from which no time can be computed; else null. */
export function checkBaseTarget({ baseTarget }: Pick<Submission, 'baseTarget'>): Refusal | null {
  return baseTarget === 0n ? invalidSubmission('base_target is 0, and must be at least 1') : null;
}

/** Compares a submission with the information of its block; null if everything fits. */
export function checkSubmission(submission: Submission, block: MiningInformation): Refusal | null {
  return (
    checkBaseTarget(submission) ??
    checkHeight(submission, block) ??
    checkSignature(submission, block) ??
    checkCompression(submission, block) ??
    checkTargetQuality(submission, block)
  );
}

function checkHeight({ height }: Submission, block: MiningInformation): Refusal | null {
  if (height === block.height) return null;
  return {
    type: 'refused',
    code: RPC_ERRORS.wrongHeight,
    message: `Wrong height: the block of this block_hash has height ${block.height}, the submission has ${height}`,
    data: { expected: block.height, submitted: height },
  };
}

function checkSignature(submission: Submission, block: MiningInformation): Refusal | null {
  const { generationSignature, baseTarget } = submission;
  if (generationSignature.toLowerCase() !== block.generationSignature.toLowerCase()) {
    return invalidSubmission(
      `generation_signature is not that of the block at height ${block.height}, which is ${block.generationSignature.toLowerCase()}`,
    );
  }
  if (baseTarget === block.baseTarget) return null;
  return invalidSubmission(
    `base_target ${baseTarget} is not that of the block at height ${block.height}, which is ${block.baseTarget}`,
  );
}

function checkCompression({ compression }: Submission, block: MiningInformation): Refusal | null {
  const level = BigInt(compression);
  const least = block.minimumCompression;
  const greatest =
    block.targetCompression < COMPRESSION_LEVEL_MAX ? block.targetCompression : COMPRESSION_LEVEL_MAX;
  if (level >= least && level <= greatest) return null;
  return invalidSubmission(
    `compression ${level} is outside the range of this block, ${least} to ${greatest}`,
  );
}

function checkTargetQuality({ rawQuality }: Submission, block: MiningInformation): Refusal | null {
  if (block.targetQuality === null) return null;
  const quality = adjustedQuality(rawQuality, block.baseTarget);
  if (quality <= block.targetQuality) return null;
  return invalidSubmission(
    `The quality ${quality} (raw_quality ÷ base_target) is above the target_quality of this block, ${block.targetQuality}`,
  );
}

/** The refusal of a submission whose block is not, or is no longer, the upstream's current one. */
export function staleSubmission({ height }: Submission, current: MiningInformation): Refusal {
  return {
    type: 'refused',
    code: RPC_ERRORS.stale,
    message:
      height === current.height
        ? `Stale: height ${current.height} is current, but with another block_hash than that of the submission`
        : `Stale: height ${current.height} is current, the submission is for height ${height}`,
  };
}

/** The refusal of a proof that does not hold. */
export function falseProof(submission: Submission, computed: bigint): Refusal {
  return invalidSubmission(
    `The proof does not hold: claimed raw_quality ${submission.rawQuality}, computed ${computed} for height ${submission.height}`,
  );
}

/**
 * The block for which a submission of `block` is to be delivered. If the same forger made the current block anew, a
 * proof for the previous one holds for it too: height and generation signature are equal.
 */
export function deliveryBlock(block: KnownBlock, current: KnownBlock | null): KnownBlock {
  if (block.age === 'current' || current === null) return block;
  return isSameWork(block.information, current.information) ? current : block;
}

/** True if a proof for one of the two blocks holds for the other. */
export function isSameWork(one: MiningInformation, other: MiningInformation): boolean {
  return (
    one.height === other.height &&
    one.generationSignature.toLowerCase() === other.generationSignature.toLowerCase()
  );
}
