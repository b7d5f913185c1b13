// How long a miner waits for its answer to `get_mining_info` at 1,000 polls a second, while the proof threads rest and
// while they compute without a pause: with a core left to the rest of the program, and with a thread on every core.

import { Agent, request } from 'node:http';
import { availableParallelism } from 'node:os';
import { namedBlock } from '../src/mining/simulator/block.ts';
import { paramsOf } from '../src/mining/simulator/sim-submission.ts';
import { printWire } from '../src/mining/simulator/wire-json.ts';
import type { BenchOptions, Figure } from './figures.ts';
import { median, quantile } from './machine.ts';
import { type RunningMining, startMiningProgram } from './mining-program.ts';
import { Pollers, type Polls } from './pollers.ts';

const CONNECTIONS = 1_000;
/** A proof takes 8 nonces, so that a thread is never idle with about as many proofs as 1,000 miners send in a block. */
const LEVEL = 3;
/** Submissions under way for each proof thread: four goes. */
const SUBMISSIONS_A_THREAD = 6;
/** Addresses that take turns, so that none has more than 10 false proofs in a minute. */
const ADDRESSES = 1_000;

interface Round {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  /** p99 of the generator's own lateness. */
  readonly lateness: number;
  readonly lost: number;
  readonly noncesPerSecond: number;
}

/** Submits false claims, each new, so that every one is checked; a new one follows each answer. */
class FalseClaims {
  unanswered = 0;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #mining: RunningMining;
  #claim = 0;
  #isOver = false;
  #lines: readonly Promise<void>[] = [];

  constructor(mining: RunningMining) {
    this.#mining = mining;
  }

  start(underWay: number): void {
    this.#isOver = false;
    this.#lines = Array.from({ length: underWay }, async () => {
      while (!this.#isOver) await this.#submit(this.#claim++);
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#lines);
  }

  #submit(claim: number): Promise<void> {
    const { port, upstream } = this.#mining;
    const { blockHash, height, generationSignature, baseTarget } = upstream.block;
    const address = claim % ADDRESSES;
    const params = paramsOf({
      blockHash,
      height,
      generationSignature,
      baseTarget,
      accountId: address.toString(16).padStart(40, '0'),
      seed: '22'.repeat(32),
      nonce: BigInt(claim),
      compression: LEVEL,
      rawQuality: 0n,
    });
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-for': `10.0.${address >> 8}.${address & 255}`,
    };
    return new Promise((resolve) => {
      const sent = request({ port, method: 'POST', path: '/', agent: this.#agent, headers }, (answer) =>
        answer.resume().on('end', resolve),
      );
      // The program closes a connection rather than answering after 3 s.
      sent.on('error', () => {
        this.unanswered++;
        resolve();
      });
      sent.end(printWire({ jsonrpc: '2.0', id: 1, method: 'submit_nonce', params }));
    });
  }
}

function roundOf({ latenciesMs, latenessMs, lost }: Polls, noncesPerSecond: number): Round {
  return {
    p50: quantile(latenciesMs, 0.5),
    p99: quantile(latenciesMs, 0.99),
    worst: quantile(latenciesMs, 1),
    lateness: quantile(latenessMs, 0.99),
    lost,
    noncesPerSecond,
  };
}

interface Stage {
  readonly mining: RunningMining;
  readonly pollers: Pollers;
  readonly claims: FalseClaims;
  readonly threads: number;
}

async function openStage(threads: number): Promise<Stage> {
  const mining = await startMiningProgram({
    proofThreads: threads,
    upstream: { block: { ...namedBlock('bench', 1000n), targetCompression: LEVEL } },
  });
  const pollers = await Pollers.connect({ port: mining.port, connections: CONNECTIONS, processes: 1 });
  return { mining, pollers, claims: new FalseClaims(mining), threads };
}

async function measure(
  { mining, pollers, claims, threads }: Stage,
  seconds: number,
  isBusy: boolean,
): Promise<Round> {
  if (isBusy) claims.start(threads * SUBMISSIONS_A_THREAD);
  // The first second is for the queue to fill, and for the compilers.
  await pollers.poll(1);
  const nonces = () => mining.metric('aggregator_mining_nonces_total');
  const startMs = performance.now();
  const before = await nonces();
  const polls = await pollers.poll(seconds);
  const perSecond = ((await nonces()) - before) / ((performance.now() - startMs) / 1000);
  if (isBusy) await claims.stop();
  return roundOf(polls, perSecond);
}

export async function benchMiningLatency({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const seconds = isQuick ? 3 : 10;
  const cores = availableParallelism();
  const fewer = await openStage(Math.max(1, cores - 1));
  const every = await openStage(cores);
  const found = { idle: [] as Round[], fewer: [] as Round[], every: [] as Round[] };
  try {
    // Compiled before it is measured.
    for (const stage of [fewer, every]) await measure(stage, 5, true);
    for (let round = 0; round < rounds; round++) {
      found.idle.push(await measure(fewer, seconds, false));
      found.fewer.push(await measure(fewer, seconds, true));
      found.every.push(await measure(every, seconds, true));
    }
  } finally {
    for (const { mining, pollers } of [fewer, every]) {
      await pollers.end();
      await mining.end();
    }
  }
  const ratio = (of: readonly Round[]) =>
    median(of.map(({ p99 }, round) => p99 / (found.idle[round]?.p99 ?? Number.NaN)));
  const p99 = (name: string, of: readonly Round[], atMost: number | null): Figure => {
    const shown = (value: number) => value.toFixed(1);
    const all = of.map((one) => shown(one.p99)).join(' ');
    const rest = `median ${shown(median(of.map(({ p50 }) => p50)))}, worst ${shown(Math.max(...of.map(({ worst }) => worst)))}`;
    const late = `generator late by ${shown(median(of.map(({ lateness }) => lateness)))}`;
    const nonces = `${shown(median(of.map(({ noncesPerSecond }) => noncesPerSecond)))} nonces/s`;
    const note = `${all}; ${rest}, ${late}; ${nonces}`;
    return {
      name,
      value: median(of.map((one) => one.p99)),
      unit: 'ms',
      aim: atMost === null ? null : { atMost },
      note,
    };
  };
  const all = [...found.idle, ...found.fewer, ...found.every];
  return [
    p99('p99, proof threads at rest', found.idle, null),
    p99('p99, proof threads on all cores but one', found.fewer, 20),
    { name: '÷ at rest', value: ratio(found.fewer), unit: '×', aim: { atMost: 2 } },
    p99('p99, proof threads on all cores', found.every, null),
    { name: '÷ at rest', value: ratio(found.every), unit: '×', aim: null },
    {
      name: 'submissions without an answer',
      value: fewer.claims.unanswered + every.claims.unanswered,
      unit: '',
      aim: null,
    },
    {
      name: 'lost answers',
      value: all.reduce((sum, { lost }) => sum + lost, 0),
      unit: '',
      aim: { atMost: 0 },
    },
  ];
}
