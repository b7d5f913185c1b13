// The oracle: computes from the seed alone what an upstream must have received, block by block. It knows the plan of the
// blocks, the plan of the miners and the rules of docs/mining.md, and nothing of the program.

import type { BlockPlan, PlannedBlock } from './block-plan.ts';
import type { MinerPlan } from './miner-plan.ts';
import { paramsOf, type SimSubmission } from './sim-submission.ts';
import { printWire } from './wire-json.ts';

/** How an upstream wants submissions: the best of every account, or the best of all. */
export type OracleMode = 'pool' | 'wallet';

/** What the expectation follows from. */
export interface OracleOptions {
  readonly blocks: BlockPlan;
  readonly miners: MinerPlan;
  readonly mode: OracleMode;
}

/**
 * The submissions that compete with one another in a block: in the mode of a pool those of one account, in that of a
 * wallet all.
 */
export interface ExpectedLane {
  /** The account in small letters, or `all`. */
  readonly name: string;
  /**
   * The best submission that the plan does not refuse: it must be accepted before its block passes. Null if the plan
   * refuses all of them. Also null if more than one that is better is refused: the aggregator need not keep more than
   * one held-back submission of an account.
   */
  readonly required: SimSubmission | null;
  /** The best submission of all: if none is required, an attempt with one of the lane must have come. */
  readonly best: SimSubmission;
}

/** What may and what must reach the upstream for one block. */
export interface ExpectedBlock {
  readonly planned: PlannedBlock;
  /** Keys of the submissions that miners send while the block is current: only these may come. */
  readonly allowed: ReadonlySet<string>;
  /** Keys of those that miners send too late: they may come only while the aggregator cannot know that they are late. */
  readonly late: ReadonlySet<string>;
  readonly lanes: readonly ExpectedLane[];
}

/** Tells two submissions apart as an upstream does: by all members, hex digits in small letters. */
export function keyOf(submission: SimSubmission): string {
  return printWire(paramsOf(submission)).toLowerCase();
}

/** The lane in which a submission competes. */
export function laneOf(submission: SimSubmission, mode: OracleMode): string {
  return mode === 'wallet' ? 'all' : submission.accountId.toLowerCase();
}

/** Computes the expectation for the block with this index. */
export function expectBlock(options: OracleOptions, index: number): ExpectedBlock {
  const { blocks, miners, mode } = options;
  const planned = blocks.at(index);
  const sent = { true: new Map<string, SimSubmission>(), late: new Map<string, SimSubmission>() };
  for (const miner of miners.miners) {
    for (const { kind, submission } of miners.workOf(miner, planned.block)) {
      if (kind !== 'lie') sent[kind].set(keyOf(submission), submission);
    }
  }
  for (const key of sent.true.keys()) sent.late.delete(key);
  const lanes = Map.groupBy(sent.true.values(), (submission) => laneOf(submission, mode));
  return {
    planned,
    allowed: new Set([...sent.true.keys(), ...carriedOver(options, index).map(keyOf)]),
    late: new Set(sent.late.keys()),
    lanes: [...lanes].map(([name, submissions]) => expectLane(name, submissions, planned, blocks)),
  };
}

/**
 * After a block with the same work as the one before, a late submission of the one before is right again, and is
 * forwarded under the new hash.
 */
function carriedOver({ blocks, miners }: OracleOptions, index: number): readonly SimSubmission[] {
  if (index === 0) return [];
  const { block } = blocks.at(index);
  const before = blocks.at(index - 1).block;
  if (before.generationSignature !== block.generationSignature || before.height !== block.height) return [];
  return miners.miners
    .flatMap((miner) => miners.workOf(miner, before))
    .filter(({ kind }) => kind !== 'lie')
    .map(({ submission }) => ({ ...submission, blockHash: block.blockHash }));
}

/** Held-back submissions of one account that an aggregator must keep at least. */
const HELD_BACK = 1;

function expectLane(
  name: string,
  submissions: readonly SimSubmission[],
  planned: PlannedBlock,
  blocks: BlockPlan,
): ExpectedLane {
  const sorted = submissions.toSorted((one, other) => (one.rawQuality < other.rawQuality ? -1 : 1));
  const [best] = sorted;
  if (best === undefined) throw new Error('A lane has at least one submission.');
  const required = sorted.find((submission) => !blocks.refuses(planned, submission)) ?? null;
  if (required === null || planned.fault?.name !== 'refuse-submission') return { name, required, best };
  const refusedBefore = sorted
    .slice(0, sorted.indexOf(required))
    .filter(({ accountId }) => accountId === required.accountId);
  return { name, required: refusedBefore.length <= HELD_BACK ? required : null, best };
}
