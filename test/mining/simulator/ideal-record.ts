// What an upstream records behind an aggregator that does everything right, made in memory from the two plans. Tests
// plant a fault into it.

import type { BlockPlan, PlannedBlock } from '../../../src/mining/simulator/block-plan.ts';
import type { MinerPlan } from '../../../src/mining/simulator/miner-plan.ts';
import { keyOf, laneOf, type OracleMode } from '../../../src/mining/simulator/oracle.ts';
import type { RecordLine } from '../../../src/mining/simulator/received.ts';
import type { SimSubmission } from '../../../src/mining/simulator/sim-submission.ts';

export interface IdealOptions {
  readonly blocks: BlockPlan;
  readonly miners: MinerPlan;
  readonly count: number;
  readonly mode: OracleMode;
  /** True: what is not better is forwarded too. */
  readonly isFilterOff?: boolean;
  /** True: lies are forwarded too. */
  readonly isCredulous?: boolean;
}

export type SubmissionLine = Extract<RecordLine, { type: 'submission' }>;

const START_MS = 1_000_000;

export function idealRecord(options: IdealOptions): RecordLine[] {
  const lines: RecordLine[] = [{ type: 'start', atMs: START_MS, seed: 1 }];
  for (let index = 0; index < options.count; index += 1) lines.push(...idealBlock(options, index));
  return lines;
}

function idealBlock(options: IdealOptions, index: number): readonly RecordLine[] {
  const { blocks, miners } = options;
  const planned = blocks.at(index);
  const { blockMs } = blocks.options;
  const beganAtMs = START_MS + index * blockMs;
  const sent = miners.miners
    .flatMap((miner) => miners.workOf(miner, planned.block))
    .filter(({ kind }) => kind === 'true' || (kind === 'lie' && options.isCredulous === true))
    .toSorted((one, other) => one.atShare - other.atShare);
  const { height, blockHash } = planned.block;
  const delivery = new Delivery(options, planned);
  const lines = sent.flatMap(({ submission, atShare }) =>
    delivery.take(submission, beganAtMs + blockMs * (0.4 + 0.4 * atShare)),
  );
  return [{ type: 'block', atMs: beganAtMs, block: { height, blockHash } }, ...lines];
}

const ABOUT_ACCOUNT = new Set([-32007, -5]);

class Delivery {
  readonly #options: IdealOptions;
  readonly #planned: PlannedBlock;
  readonly #best = new Map<string, bigint>();
  readonly #refusedAccounts = new Set<string>();
  readonly #seen = new Set<string>();
  #isBlockRefused = false;

  constructor(options: IdealOptions, planned: PlannedBlock) {
    this.#options = options;
    this.#planned = planned;
  }

  take(submission: SimSubmission, atMs: number): readonly SubmissionLine[] {
    const { mode, isFilterOff, blocks } = this.#options;
    const lane = laneOf(submission, mode);
    const best = this.#best.get(lane);
    const isKnown = this.#seen.has(keyOf(submission));
    const isBetter = best === undefined || submission.rawQuality < best;
    if (isKnown || (!isBetter && isFilterOff !== true)) return [];
    if (this.#isBlockRefused || this.#refusedAccounts.has(submission.accountId)) return [];
    this.#seen.add(keyOf(submission));
    const { block, fault } = this.#planned;
    const isRefused = blocks.refuses(this.#planned, submission);
    const code = isRefused ? (fault?.code ?? null) : null;
    if (fault?.name === 'refuse-block') this.#isBlockRefused = true;
    if (code !== null && ABOUT_ACCOUNT.has(code)) this.#refusedAccounts.add(submission.accountId);
    if (!isRefused) this.#best.set(lane, submission.rawQuality);
    const { height, blockHash } = block;
    const verdict = isRefused ? 'refused' : 'accepted';
    const common = { type: 'submission', atMs, submission, blockHash, height, verdict, code } as const;
    return [{ ...common, fault: isRefused ? 'error' : null, isAnswered: true }];
  }
}
