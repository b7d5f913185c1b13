// Compares what a simulated upstream recorded with the expectation of the oracle. Every rule of docs/mining.md about what
// goes upstream is one check; a difference becomes one sentence.

import type { ExpectedBlock, ExpectedLane, OracleMode } from './oracle.ts';
import { keyOf, laneOf } from './oracle.ts';
import type { RecordLine } from './received.ts';
import type { BlockPlan, PlannedBlock } from './block-plan.ts';
import type { SimSubmission } from './sim-submission.ts';
import { SIM_LAGS, slowMsOf } from './sim-lags.ts';

/** What is compared. */
export interface Verification {
  readonly mode: OracleMode;
  readonly blocks: BlockPlan;
  /** The expectation for every block that the record may name, by index from 0. */
  readonly expected: readonly ExpectedBlock[];
  readonly lines: readonly RecordLine[];
  /** Blocks from this index to before the other are complete: what is required of them must be there. */
  readonly completeFrom: number;
  readonly completeTo: number;
  /** When the aggregator was killed or ended, in ms since the epoch. */
  readonly kills: readonly number[];
}

/** The outcome. */
export interface VerifiedRecord {
  /** One sentence for each difference; none if the record is as it must be. */
  readonly faults: readonly string[];
  readonly received: number;
  readonly accepted: number;
  /** Submissions that came again, with reason: an answer was lost, an attempt failed, or the aggregator was killed. */
  readonly repeated: number;
  /** Required submissions that were accepted. */
  readonly required: number;
}

type Line = Extract<RecordLine, { type: 'submission' }>;
type Known = Line & { readonly submission: SimSubmission };

const ABOUT_SUBMISSION: ReadonlySet<number> = new Set([-32001, -32600, -32602, -8, -26]);
const ABOUT_BLOCK: ReadonlySet<number> = new Set([-32003, -32002]);
const ABOUT_ACCOUNT: ReadonlySet<number> = new Set([-32007, -5]);

function isFinal(code: number | null): boolean {
  return code !== null && (ABOUT_SUBMISSION.has(code) || ABOUT_BLOCK.has(code) || ABOUT_ACCOUNT.has(code));
}

/** Compares a record. */
export function verifyRecord(verification: Verification): VerifiedRecord {
  const check = new RecordCheck(verification);
  for (const line of verification.lines) {
    if (line.type === 'block') check.begin(line.block.blockHash, line.atMs);
    if (line.type === 'submission') check.take(line);
  }
  return check.end();
}

/** What is known of one block while the record is read. */
interface BlockState {
  readonly expected: ExpectedBlock;
  beganAtMs: number | null;
  endedAtMs: number | null;
  readonly receipts: Known[];
  readonly byKey: Map<string, Known[]>;
}

class RecordCheck {
  readonly #verification: Verification;
  readonly #faults: string[] = [];
  readonly #states: ReadonlyMap<string, BlockState>;
  #current: BlockState | null = null;
  #received = 0;
  #accepted = 0;
  #repeated = 0;

  constructor(verification: Verification) {
    this.#verification = verification;
    this.#states = new Map(
      verification.expected.map((expected) => [
        expected.planned.block.blockHash,
        { expected, beganAtMs: null, endedAtMs: null, receipts: [], byKey: new Map() },
      ]),
    );
  }

  begin(blockHash: string, atMs: number): void {
    if (this.#current !== null) this.#current.endedAtMs = atMs;
    this.#current = this.#states.get(blockHash) ?? null;
    if (this.#current === null)
      this.#faults.push(`The record has block ${blockHash}, which is not in the plan.`);
    else this.#current.beganAtMs ??= atMs;
  }

  take(line: Line): void {
    this.#received += 1;
    if (line.verdict === 'accepted') this.#accepted += 1;
    const { submission } = line;
    if (submission === null) {
      this.#faults.push(`A submission at ${line.atMs} cannot be read (${line.code ?? line.verdict}).`);
      return;
    }
    const state = this.#states.get(submission.blockHash);
    if (state === undefined) {
      this.#fault(line, submission, 'is for a block that is not in the plan');
      return;
    }
    const known = { ...line, submission };
    this.#checkTruth(state, known);
    this.#checkVerdict(state, known);
    this.#checkRefusals(state, known);
    this.#checkOrder(state, known);
    state.receipts.push(known);
  }

  end(): VerifiedRecord {
    const { completeFrom, completeTo } = this.#verification;
    let required = 0;
    for (const state of this.#states.values()) {
      const { index } = state.expected.planned;
      if (index < completeFrom || index >= completeTo) continue;
      if (state.beganAtMs === null) this.#faults.push(`Block ${index} is missing in the record.`);
      for (const lane of state.expected.lanes) required += this.#checkLane(state, lane);
    }
    const [received, accepted, repeated] = [this.#received, this.#accepted, this.#repeated];
    return { faults: this.#faults, received, accepted, repeated, required };
  }

  /** Returns the number of required submissions that were accepted: 0 or 1. */
  #checkLane({ expected, receipts, byKey }: BlockState, { name, required }: ExpectedLane): number {
    const { index, fault } = expected.planned;
    if (required !== null) {
      if (byKey.get(keyOf(required))?.some(({ verdict }) => verdict === 'accepted') === true) return 1;
      this.#faults.push(`Block ${index}: ${named(required)} was not accepted.`);
      return 0;
    }
    // After a refusal about the block nothing of any other account need come.
    const isTried = receipts.some(
      ({ submission }) =>
        fault?.name === 'refuse-block' || laneOf(submission, this.#verification.mode) === name,
    );
    if (!isTried) this.#faults.push(`Block ${index}: nothing came of ${name}.`);
    return 0;
  }

  #fault(line: Line, submission: SimSubmission, what: string): void {
    this.#faults.push(`${named(submission)}, received at ${line.atMs}, ${what}.`);
  }

  /** Only true submissions come, and only while their block can be thought to be current. */
  #checkTruth({ expected, endedAtMs }: BlockState, line: Known): void {
    const key = keyOf(line.submission);
    const { index } = expected.planned;
    const isLate = expected.late.has(key);
    if (!isLate && !expected.allowed.has(key)) {
      this.#fault(line, line.submission, `is no true submission of block ${index}`);
      return;
    }
    if (endedAtMs === null) return;
    const lagMs = this.#lagMsAfter(index, endedAtMs);
    if (line.atMs <= endedAtMs + lagMs) return;
    this.#fault(line, line.submission, `is stale: block ${index} ended ${line.atMs - endedAtMs} ms before`);
  }

  /** How long an aggregator may believe in a block that has passed. */
  #lagMsAfter(index: number, endedAtMs: number): number {
    const { fault } = this.#verification.blocks.at(index + 1);
    const blindMs =
      fault !== null && SIM_LAGS.blindFaults.has(fault.name) ? fault.toMs + SIM_LAGS.recoveryMs : 0;
    const isDown = this.#killBetween(endedAtMs - SIM_LAGS.restartMs, endedAtMs + blindMs + SIM_LAGS.noticeMs);
    return SIM_LAGS.noticeMs + blindMs + (isDown ? SIM_LAGS.restartMs : 0);
  }

  /** The upstream's verdict follows from the plan: otherwise the upstream, or its record, is wrong. */
  #checkVerdict({ expected }: BlockState, line: Known): void {
    const { planned } = expected;
    if (line.verdict === 'unserved') return;
    const isCurrent = line.submission.blockHash === line.blockHash;
    const refusal =
      isCurrent && this.#verification.blocks.refuses(planned, line.submission) ? planned.fault : null;
    if (line.fault === 'error') {
      const passing = this.#current?.expected.planned.fault;
      const isPassing = !isFinal(line.code) && passing?.code === line.code;
      if (refusal?.code === line.code || isPassing) return;
      this.#fault(line, line.submission, `was refused with ${line.code}, and the plan does not say so`);
      return;
    }
    const stale = line.submission.height === line.height ? -32003 : -32002;
    const code = refusal === null ? (isCurrent ? null : stale) : refusal.code;
    if (code === line.code && (line.verdict === 'accepted') === (code === null)) return;
    this.#fault(
      line,
      line.submission,
      `has the verdict ${line.verdict} ${line.code ?? ''}, not ${code ?? 'accepted'}`,
    );
  }

  /** After a refusal about the block or the account nothing more of it comes. */
  #checkRefusals({ receipts }: BlockState, line: Known): void {
    const before = receipts.find(
      ({ code, isAnswered, atMs, submission }) =>
        isAnswered &&
        code !== null &&
        (ABOUT_BLOCK.has(code) ||
          (ABOUT_ACCOUNT.has(code) && submission.accountId === line.submission.accountId)) &&
        line.atMs > atMs + SIM_LAGS.flightMs &&
        !this.#killBetween(atMs, line.atMs),
    );
    if (before === undefined) return;
    const after = `${line.atMs - before.atMs} ms after a refusal with ${before.code}`;
    this.#fault(line, line.submission, `came ${after}`);
  }

  /** A submission is better than all before it in its lane that stand; the same one comes again only for a reason. */
  #checkOrder(state: BlockState, line: Known): void {
    const { mode } = this.#verification;
    const key = keyOf(line.submission);
    const same = state.byKey.get(key);
    state.byKey.set(key, [...(same ?? []), line]);
    if (same !== undefined) {
      this.#repeated += 1;
      if (!this.#mayRepeat(state, same, line))
        this.#fault(line, line.submission, 'came again without a reason');
      return;
    }
    const lane = laneOf(line.submission, mode);
    const better = state.receipts.find(
      ({ submission, code }) =>
        !isFinal(code) &&
        laneOf(submission, mode) === lane &&
        submission.rawQuality <= line.submission.rawQuality,
    );
    if (better === undefined) return;
    this.#fault(line, line.submission, `came after ${named(better.submission)}, which is better`);
  }

  #mayRepeat(state: BlockState, same: readonly Known[], line: Known): boolean {
    const last = same.at(-1);
    if (last === undefined) return true;
    if (last.verdict === 'unserved' || !last.isAnswered) return true;
    if (last.verdict === 'refused' && !isFinal(last.code)) return true;
    const slowMs = last.fault === 'slow' ? slowMsOf(this.#verification.blocks) : 0;
    if (this.#killBetween(last.atMs, last.atMs + slowMs + SIM_LAGS.storeMs)) return true;
    // A wallet keeps its best in memory only: after an absence it is offered again.
    if (this.#verification.mode === 'pool' || last.verdict !== 'accepted') return false;
    const isAway = (state.expected.planned.fault ?? null) !== null;
    return isAway || this.#killBetween(last.atMs, line.atMs);
  }

  #killBetween(fromMs: number, toMs: number): boolean {
    return this.#verification.kills.some((atMs) => atMs >= fromMs && atMs <= toMs);
  }
}

function named({ accountId, nonce, rawQuality, height }: SimSubmission): string {
  return `${accountId.slice(0, 8)}… nonce ${nonce} quality ${rawQuality} of height ${height}`;
}

/** The faults of a block's plan in words, for a report. */
export function faultWords({ fault }: PlannedBlock): string {
  return fault === null ? 'no fault' : `${fault.name}${fault.code === null ? '' : ` ${fault.code}`}`;
}
