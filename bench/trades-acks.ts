// Trades that the WebSocket of jobs acks a second, against an empty `ws` server that acks with a constant: through one
// connection that waits for no answer, and one trade at a time on each of 50 connections.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { cpuSeconds } from './stage.ts';
import { ACK, openTradeClient, sendTrades, tradeFrames } from './trade-client.ts';

const TOGETHER = 64;
const WINDOW = 32;
const CLIENTS = 50;

export interface TradeServer {
  readonly url: string;
  readonly pid: number;
  end(): void;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the server for one trade, in µs. */
  readonly microseconds: number;
}

type Way = 'streamed' | 'alternating';

/** Both have the heap of the program (scripts, Dockerfile). */
export async function startTradeServer(file: string): Promise<TradeServer> {
  const path = fileURLToPath(new URL(`references/${file}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--max-semi-space-size=8', path, ACK], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url, pid: child.pid ?? 0, end: () => void child.kill() };
}

async function run(
  { url, pid }: TradeServer,
  way: Way,
  frames: readonly Buffer[],
  trades: number,
): Promise<Round> {
  const jobs = way === 'streamed' ? 1 : CLIENTS;
  const sockets = await Promise.all(
    Array.from({ length: jobs }, (_, job) => openTradeClient(url, String(job).padStart(32, '0'))),
  );
  const startMs = performance.now();
  const startCpu = cpuSeconds(pid);
  const share = Math.ceil(frames.length / jobs);
  await Promise.all(
    sockets.map((socket, job) =>
      way === 'streamed'
        ? sendTrades(socket, frames, TOGETHER, WINDOW)
        : sendTrades(socket, frames.slice(job * share, (job + 1) * share), 1, 1),
    ),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const microseconds = ((cpuSeconds(pid) - startCpu) / trades) * 1e6;
  for (const socket of sockets) socket.destroy();
  return { perSecond: trades / seconds, microseconds };
}

export async function benchTradesAcks({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const ours = await startTradeServer('job-socket');
  const empty = await startTradeServer('empty-web-socket');
  const figures: Figure[] = [];
  try {
    for (const way of ['streamed', 'alternating'] as const) {
      const trades = (way === 'streamed' ? 250_000 : 50_000) / (isQuick ? 2.5 : 1);
      const frames = tradeFrames(0, trades, way === 'streamed' ? TOGETHER : 1);
      const found: { ours: Round; empty: Round }[] = [];
      // The first round is for the compiler.
      for (let round = -1; round < rounds; round++) {
        const pair = {
          ours: await run(ours, way, frames, trades),
          empty: await run(empty, way, frames, trades),
        };
        if (round >= 0) found.push(pair);
      }
      const of = (pick: (pair: (typeof found)[number]) => number) => median(found.map(pick));
      figures.push(
        { name: `${way}: trades acked`, value: of((pair) => pair.ours.perSecond), unit: '/s', aim: null },
        { name: 'empty ws server', value: of((pair) => pair.empty.perSecond), unit: '/s', aim: null },
        {
          name: 'ratio',
          value: of((pair) => pair.ours.perSecond / pair.empty.perSecond),
          unit: '×',
          aim: { atLeast: 0.5 },
        },
        {
          name: 'processor time of a trade',
          value: of((pair) => pair.ours.microseconds),
          unit: 'µs',
          aim: null,
        },
        { name: 'of the empty server', value: of((pair) => pair.empty.microseconds), unit: 'µs', aim: null },
      );
    }
  } finally {
    ours.end();
    empty.end();
  }
  return figures;
}
