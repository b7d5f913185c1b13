// Trades that the program acks a second, against an empty `ws` server that acks each message with a constant: through
// one connection that waits for no answer, and one trade at a time on each of 50 connections; and, for information,
// trades in frames of 50.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { cpuSeconds } from './stage.ts';
import { ACK, openTradeClient, sendTrades, type TradeStyle, tradeFrames } from './trade-client.ts';
import { startTradesProgram } from './trades-program.ts';

const CLIENTS = 50;
/** The empty server answers a message once, so frames with several trades are sent to the program only. */
const WAYS = {
  streamed: { clients: 1, window: 32, style: { hasIds: true, perFrame: 1, together: 64 } },
  'one by one': { clients: CLIENTS, window: 1, style: { hasIds: true, perFrame: 1, together: 1 } },
  'frames of 50': { clients: 1, window: 32, style: { hasIds: true, perFrame: 50, together: 2 } },
} as const satisfies Readonly<Record<string, Way>>;
const TRADES = { streamed: 200_000, 'one by one': 50_000, 'frames of 50': 200_000 };

interface Way {
  readonly clients: number;
  /** Writes that have no answer yet. */
  readonly window: number;
  readonly style: TradeStyle;
}

interface Server {
  readonly pid: number;
  /** The address of a new job. */
  job(): Promise<string>;
  readonly hasWelcome: boolean;
  end(): Promise<void>;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the server for one trade, in µs. */
  readonly microseconds: number;
}

async function startProgram(): Promise<Server> {
  // Jobs are not processed here; together they stay far below what the program may hold.
  const program = await startTradesProgram({ JOB_MAX_TRADES: '1000000' });
  return {
    pid: program.pid,
    job: async () => (await program.openJob()).wsUrl,
    hasWelcome: true,
    end: program.end,
  };
}

/** With the heap of the program (scripts, Dockerfile). */
async function startEmptyServer(): Promise<Server> {
  const path = fileURLToPath(new URL('references/empty-web-socket.ts', import.meta.url));
  const child = spawn(process.execPath, ['--max-semi-space-size=8', path, ACK], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    pid: child.pid ?? 0,
    job: async () => url,
    hasWelcome: false,
    end: async () => void child.kill(),
  };
}

async function run(server: Server, { clients, window, style }: Way, trades: number): Promise<Round> {
  const share = trades / clients;
  const work = await Promise.all(
    Array.from({ length: clients }, async (_, client) => ({
      socket: await openTradeClient(await server.job(), server.hasWelcome),
      frames: tradeFrames(client * share, share, style),
    })),
  );
  const startMs = performance.now();
  const startCpu = cpuSeconds(server.pid);
  await Promise.all(work.map(({ socket, frames }) => sendTrades(socket, frames, window)));
  const seconds = (performance.now() - startMs) / 1000;
  const microseconds = ((cpuSeconds(server.pid) - startCpu) / trades) * 1e6;
  for (const { socket } of work) socket.destroy();
  return { perSecond: trades / seconds, microseconds };
}

export async function benchTradesAcks({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const program = await startProgram();
  const empty = await startEmptyServer();
  const figures: Figure[] = [];
  try {
    for (const name of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
      const way: Way = WAYS[name];
      const trades = TRADES[name] / (isQuick ? 4 : 1);
      const found: { program: Round; empty: Round | null }[] = [];
      // The first round is for the compiler.
      for (let round = -1; round < rounds; round++) {
        const one = {
          program: await run(program, way, trades),
          empty: way.style.perFrame === 1 ? await run(empty, way, trades) : null,
        };
        if (round >= 0) found.push(one);
      }
      figures.push(...figuresOf(name, found));
    }
  } finally {
    await program.end();
    await empty.end();
  }
  return figures;
}

function figuresOf(
  way: string,
  found: readonly { readonly program: Round; readonly empty: Round | null }[],
): Figure[] {
  const programs = found.map(({ program }) => program);
  const empties = found.flatMap(({ empty }) => empty ?? []);
  const of = (rounds: readonly Round[], name: keyof Round) => median(rounds.map((round) => round[name]));
  const figures: Figure[] = [
    { name: `${way}: trades acked`, value: of(programs, 'perSecond'), unit: '/s', aim: null },
    { name: 'processor time of a trade', value: of(programs, 'microseconds'), unit: 'µs', aim: null },
  ];
  if (empties.length === 0) return figures;
  const ratios = empties.map((empty, round) => (programs[round]?.perSecond ?? Number.NaN) / empty.perSecond);
  return [
    {
      name: `${way}: program ÷ empty server`,
      value: median(ratios),
      unit: '×',
      aim: { atLeast: 0.5 },
      note: ratios.map((ratio) => ratio.toFixed(2)).join(' '),
    },
    ...figures,
    { name: 'empty ws server', value: of(empties, 'perSecond'), unit: '/s', aim: null },
    { name: 'processor time of its answer', value: of(empties, 'microseconds'), unit: 'µs', aim: null },
  ];
}
