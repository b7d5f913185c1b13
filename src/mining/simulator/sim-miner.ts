// One simulated miner: it polls for the block, submits what its plan says, and sends again like a real one. The owner's
// clock moves it; it starts no poll by itself.

import type { Timer, Timers } from '../../lib/timers.ts';
import type { SimBlock } from './block.ts';
import type { PlannedWork } from './miner-plan.ts';
import { RpcConnection, type RpcOutcome, type RpcTarget } from './rpc-connection.ts';
import { countIn, type SimReport } from './sim-report.ts';
import { paramsOf } from './sim-submission.ts';
import { parseWire, printWire } from './wire-json.ts';

/** A miner gives an answer up after this time. */
export const MINER_PATIENCE_MS = 5_000;
/** The first wait before a submission is sent again; each further one is twice as long. */
export const MINER_RETRY_MS = 3_000;

/** What a miner is handed. */
export interface SimMinerParts {
  readonly target: RpcTarget;
  /** The work for a block; null: this miner only polls. */
  workOf(block: SimBlock): readonly PlannedWork[];
  /** Reads an information; the same text gives the same block. Null if it is none. */
  readBlock(body: string): SimBlock | null;
  /** Called when this miner sees another block. */
  onBlock(block: SimBlock): void;
  readonly report: SimReport;
  readonly timers: Timers;
  /** Monotonic, in ms. */
  nowMs(): number;
  /** Time of one scan. */
  readonly scanMs: number;
  /** Time after the change of the block at which a late submission leaves. */
  readonly lateMs: number;
  /** True if a submission whose connection failed is sent again: in the mode of a pool. */
  readonly isRetrying: boolean;
}

const POLL = '{"jsonrpc":"2.0","id":1,"method":"get_mining_info"}';

/** The miner. */
export class SimMiner {
  readonly #parts: SimMinerParts;
  readonly #poll: RpcConnection;
  readonly #idle: RpcConnection[] = [];
  readonly #busy = new Set<RpcConnection>();
  /** Timers of the current block, and those that outlive it. */
  #timers = new Set<Timer>();
  readonly #lateTimers = new Set<Timer>();
  /** Submissions of the current block that wait to be sent again. */
  readonly #retries = new Set<PlannedWork>();
  #block: SimBlock | null = null;
  #late: readonly PlannedWork[] = [];
  #askedAtMs = 0;
  #isStopped = false;
  #id = 1;

  constructor(parts: SimMinerParts) {
    this.#parts = parts;
    this.#poll = new RpcConnection(parts.target);
  }

  /** Asks for the block; a question that is still open is left, or given up after {@link MINER_PATIENCE_MS}. */
  poll(): void {
    const { report, nowMs } = this.#parts;
    const atMs = nowMs();
    if (this.#poll.isBusy) {
      if (atMs - this.#askedAtMs >= MINER_PATIENCE_MS) this.#poll.giveUp();
      return;
    }
    this.#askedAtMs = atMs;
    report.polls += 1;
    this.#poll.ask(POLL, (outcome) => {
      // The stop closes connections; that is no failure of the server.
      if (this.#isStopped) return;
      if (outcome.type === 'failed') countIn(report.pollFailures, outcome.reason);
      else this.#learn(outcome.status, outcome.body, nowMs() - atMs);
    });
  }

  /** Ends every connection and timer. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of [...this.#timers, ...this.#lateTimers]) timer.cancel();
    this.#timers.clear();
    this.#lateTimers.clear();
    this.#poll.close();
    for (const connection of [...this.#busy, ...this.#idle]) connection.close();
  }

  #learn(status: number, body: string, ms: number): void {
    const { report, readBlock } = this.#parts;
    report.pollTimes.add(ms);
    const block = status === 200 ? readBlock(body) : null;
    if (block === null) countIn(report.pollFailures, status === 200 ? 'error' : `status ${status}`);
    else if (block.blockHash !== this.#block?.blockHash) this.#begin(block);
  }

  #begin(block: SimBlock): void {
    const { onBlock, workOf, scanMs, lateMs } = this.#parts;
    this.#block = block;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = new Set();
    for (const { kind } of this.#retries) this.#parts.report.work[kind].unanswered += 1;
    this.#retries.clear();
    for (const work of this.#late) this.#after(this.#lateTimers, lateMs, () => this.#submit(work));
    onBlock(block);
    const all = workOf(block);
    this.#late = all.filter(({ kind }) => kind === 'late');
    for (const work of all) {
      if (work.kind !== 'late') this.#after(this.#timers, work.atShare * scanMs, () => this.#submit(work));
    }
  }

  #after(timers: Set<Timer>, ms: number, run: () => void): void {
    const timer = this.#parts.timers.after(ms, () => {
      timers.delete(timer);
      run();
    });
    timers.add(timer);
  }

  #submit(work: PlannedWork): void {
    for (let time = 0; time < work.times; time += 1) {
      this.#parts.report.work[work.kind].sent += 1;
      this.#send(work, MINER_RETRY_MS);
    }
  }

  #send(work: PlannedWork, retryMs: number): void {
    const { report, nowMs, target, timers } = this.#parts;
    const connection = this.#idle.pop() ?? new RpcConnection(target);
    this.#busy.add(connection);
    const atMs = nowMs();
    const patience = timers.after(MINER_PATIENCE_MS, () => connection.giveUp());
    this.#id += 1;
    const call = { jsonrpc: '2.0', id: this.#id, method: 'submit_nonce', params: paramsOf(work.submission) };
    connection.ask(printWire(call), (outcome) => {
      patience.cancel();
      this.#busy.delete(connection);
      if (outcome.type === 'answered') {
        this.#idle.push(connection);
        report.submitTimes.add(nowMs() - atMs);
      }
      this.#take(work, outcome, retryMs);
    });
  }

  #take(work: PlannedWork, outcome: RpcOutcome, retryMs: number): void {
    const count = this.#parts.report.work[work.kind];
    if (outcome.type === 'answered') {
      const answer = outcome.status === 200 ? readAnswer(outcome.body) : null;
      if (answer === null) countIn(count.failed, `status ${outcome.status}`);
      else if (answer === 'accepted') count.accepted += 1;
      else countIn(count.refused, answer);
    } else if (outcome.reason === 'undecodable') countIn(count.failed, outcome.reason);
    else if (this.#parts.isRetrying && work.submission.blockHash === this.#block?.blockHash) {
      count.retried += 1;
      const again = { ...work };
      this.#retries.add(again);
      this.#after(this.#timers, retryMs, () => {
        this.#retries.delete(again);
        this.#send(work, retryMs * 2);
      });
    } else count.unanswered += 1;
  }
}

/** The code of a refusal; null if the answer does not decode. */
function readAnswer(body: string): 'accepted' | number | null {
  try {
    const { result, error } = parseWire(body) as {
      readonly result?: Readonly<Record<string, unknown>>;
      readonly error?: { readonly code?: unknown };
    };
    if (typeof error?.code === 'bigint') return Number(error.code);
    const isWhole = typeof result?.['raw_quality'] === 'bigint' && typeof result['poc_time'] === 'bigint';
    return isWhole ? 'accepted' : null;
  } catch {
    return null;
  }
}
