// What an upstream without a fault answers to a submission: its block, its bounds and its proof must be right.

import type { SimBlock } from './block.ts';
import { simPocTime } from './poc-time.ts';
import type { SimSubmission } from './sim-submission.ts';

/** Computes the raw quality of the nonce that a submission names, for its height and generation signature. */
export type Prover = (
  claim: Pick<
    SimSubmission,
    'accountId' | 'seed' | 'nonce' | 'compression' | 'height' | 'generationSignature'
  >,
) => bigint | Promise<bigint>;

/** An upstream's answer to a submission. */
export type SimVerdict =
  | { readonly type: 'accepted'; readonly rawQuality: bigint; readonly pocTime: bigint }
  | {
      readonly type: 'refused';
      readonly code: number;
      readonly text: string;
      readonly data?: Readonly<Record<string, unknown>>;
    };

/** What the verdict depends on beside the submission. */
export interface Judging {
  /** The upstream's current block. */
  readonly block: SimBlock;
  /** Null: proofs are taken as they are claimed. */
  readonly prover: Prover | null;
  /** Average time of a block in seconds. */
  readonly blockSeconds: number;
}

const INVALID = -32001;
const WRONG_HEIGHT = -32002;
const STALE = -32003;

/** Judges a submission. */
export async function judge(submission: SimSubmission, judging: Judging): Promise<SimVerdict> {
  const { block, prover, blockSeconds } = judging;
  const fault = faultAgainst(submission, block);
  if (fault !== null) return fault;
  const computed = prover === null ? submission.rawQuality : await prover(submission);
  if (computed !== submission.rawQuality) return refused(INVALID, `The raw quality is ${computed}.`);
  const pocTime = simPocTime(computed, block.baseTarget, blockSeconds);
  return { type: 'accepted', rawQuality: computed, pocTime };
}

function faultAgainst(submission: SimSubmission, block: SimBlock): SimVerdict | null {
  if (submission.height !== block.height) {
    const reason = `The current height is ${block.height}.`;
    const data = { expected: block.height, submitted: submission.height, reason };
    return { type: 'refused', code: WRONG_HEIGHT, text: reason, data };
  }
  if (submission.blockHash !== block.blockHash) return refused(STALE, 'The block is no longer current.');
  const { generationSignature, baseTarget, targetQuality } = block;
  if (submission.generationSignature.toLowerCase() !== generationSignature.toLowerCase())
    return refused(INVALID, 'The generation signature is another.');
  if (submission.baseTarget !== baseTarget) return refused(INVALID, 'The base target is another.');
  const least = Math.max(1, block.minimumCompression ?? 1);
  const greatest = Math.min(block.targetCompression ?? 1, 7);
  if (submission.compression < least || submission.compression > greatest)
    return refused(INVALID, `The compression level is not from ${least} to ${greatest}.`);
  if (targetQuality !== null && submission.rawQuality / baseTarget > targetQuality)
    return refused(INVALID, 'The quality is above the target.');
  return null;
}

function refused(code: number, text: string): SimVerdict {
  return { type: 'refused', code, text };
}
