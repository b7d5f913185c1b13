// Many simulated miners in one process: each polls once a second over a connection that it keeps, and submits what the
// plan says.

import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { systemTimers, type Timer, type Timers } from '../../lib/timers.ts';
import type { SimBlock } from './block.ts';
import type { MinerPlan, PlannedMiner } from './miner-plan.ts';
import type { RpcTarget } from './rpc-connection.ts';
import { SimMiner } from './sim-miner.ts';
import { SimReport } from './sim-report.ts';
import { parseWire } from './wire-json.ts';

/** What the miners are told. */
export interface MiningSimOptions {
  /** The aggregator, or any pool or node. */
  readonly url: string;
  readonly plan: MinerPlan;
  /** True: no miner submits, and no plot is made. */
  readonly isPollsOnly?: boolean;
  /** Miners of a pool send again what found no connection, those of a wallet never do. Default `pool`. */
  readonly mode?: 'pool' | 'wallet';
  /** Time of one scan; default 5 s. */
  readonly scanMs?: number;
  /** Time after the change of the block at which late submissions leave; default 5 s. */
  readonly lateMs?: number;
  /** User and password of the server, if it wants them. */
  readonly login?: { readonly user: string; readonly password: string } | null;
  /** Told when the first miner sees a block. */
  readonly onBlock?: (block: SimBlock) => void;
  readonly timers?: Timers;
  readonly clock?: Clock;
}

const POLL_MS = 1_000;
/** The miners poll in so many groups, one after the other. */
const GROUPS = 100;

/** The miners. */
export class MiningSim implements Part {
  readonly report = new SimReport();
  readonly #options: MiningSimOptions;
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #miners: readonly SimMiner[];
  #timer: Timer | null = null;
  #group = 0;
  #tickedAtMs: number | null = null;
  #read: { readonly body: string; readonly block: SimBlock | null } = { body: '', block: null };
  #seen: string | null = null;

  constructor(options: MiningSimOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#clock = options.clock ?? systemClock;
    this.#miners = options.plan.miners.map((miner) => this.#create(miner));
  }

  /** The miners begin to poll; they wait for a server that is not there yet. */
  async start(): Promise<void> {
    this.#timer = this.#timers.every(POLL_MS / GROUPS, () => this.#pollGroup());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    for (const miner of this.#miners) miner.stop();
  }

  #pollGroup(): void {
    const nowMs = this.#clock.monotonicMs();
    const stallMs = this.#tickedAtMs === null ? 0 : nowMs - this.#tickedAtMs - POLL_MS / GROUPS;
    this.#tickedAtMs = nowMs;
    this.report.longestStallMs = Math.max(this.report.longestStallMs, stallMs);
    for (let at = this.#group; at < this.#miners.length; at += GROUPS) this.#miners[at]?.poll();
    this.#group = (this.#group + 1) % GROUPS;
  }

  #create(miner: PlannedMiner): SimMiner {
    const { plan, isPollsOnly = false, mode = 'pool', scanMs = 5_000, lateMs = 5_000 } = this.#options;
    return new SimMiner({
      target: targetOf(miner, this.#options),
      workOf: (block) => (isPollsOnly ? [] : plan.workOf(miner, block)),
      readBlock: (body) => this.#readBlock(body),
      onBlock: (block) => this.#note(miner, block),
      report: this.report,
      timers: this.#timers,
      nowMs: () => this.#clock.monotonicMs(),
      scanMs,
      lateMs,
      isRetrying: mode === 'pool',
    });
  }

  /** All miners get the same text: it is read once. */
  #readBlock(body: string): SimBlock | null {
    if (body !== this.#read.body) this.#read = { body, block: blockOf(body) };
    return this.#read.block;
  }

  #note({ index }: PlannedMiner, block: SimBlock): void {
    if (index === 0) this.report.blocks += 1;
    if (this.#seen === block.blockHash) return;
    this.#seen = block.blockHash;
    this.#options.onBlock?.(block);
  }
}

/** Each miner comes from a loopback address of its own, and those behind one NAT from the same one. */
function targetOf({ index, nat, name }: PlannedMiner, { url, login = null }: MiningSimOptions): RpcTarget {
  const { hostname, port, pathname, search, host } = new URL(url);
  const place = nat === null ? [1, index >> 8, index & 0xff] : [2, nat >> 8, nat & 0xff];
  const isLoopback = process.platform === 'linux' && /^127\.|^localhost$/.test(hostname);
  const authorization =
    login === null ? null : Buffer.from(`${login.user}:${login.password}`).toString('base64');
  const lines = [
    `POST ${pathname}${search} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    ...(name === null ? [] : [`x-miner: ${name}`]),
    ...(authorization === null ? [] : [`authorization: Basic ${authorization}`]),
  ];
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port === '' ? 80 : port),
    from: isLoopback ? `127.${place.join('.')}` : null,
    head: lines.map((line) => `${line}\r\n`).join(''),
  };
}

/** The block of an answer to `get_mining_info`; null if it is an error or does not decode. */
function blockOf(body: string): SimBlock | null {
  try {
    const { result } = parseWire(body) as { readonly result?: Readonly<Record<string, unknown>> };
    const height = result?.['height'];
    const blockHash = result?.['block_hash'];
    const generationSignature = result?.['generation_signature'];
    const baseTarget = result?.['base_target'];
    if (typeof height !== 'bigint' || typeof baseTarget !== 'bigint') return null;
    if (typeof blockHash !== 'string' || typeof generationSignature !== 'string') return null;
    return {
      height,
      blockHash,
      generationSignature,
      baseTarget,
      targetQuality: null,
      minimumCompression: null,
      targetCompression: null,
    };
  } catch {
    return null;
  }
}
