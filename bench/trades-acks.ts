// Trades that the program acks a second, and its WebSocket alone, against an empty `ws` server that acks with a constant: through one
// connection that waits for no answer, and one trade at a time on each of 50 connections.

import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { cpuSeconds } from './stage.ts';
import { openTradeClient, sendTrades, tradeFrames } from './trade-client.ts';
import { startTradeServer, type TradeServer } from './trade-server.ts';
import { startTradesProgram } from './trades-program.ts';

const TOGETHER = 64;
const WINDOW = 32;
const CLIENTS = 50;

interface Round {
  readonly perSecond: number;
  /** Processor time of the server for one trade, in µs. */
  readonly microseconds: number;
}

type Way = 'streamed' | 'alternating';

async function run(server: TradeServer, way: Way, frames: readonly Buffer[], trades: number): Promise<Round> {
  const jobs = way === 'streamed' ? 1 : CLIENTS;
  const { pid } = server;
  const sockets = await Promise.all(
    Array.from({ length: jobs }, async () => openTradeClient(await server.openJob())),
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
  const servers = {
    program: await startTradesProgram(1_000_000),
    socket: await startTradeServer('job-socket'),
    empty: await startTradeServer('empty-web-socket'),
  };
  type Name = keyof typeof servers;
  const figures: Figure[] = [];
  try {
    for (const way of ['streamed', 'alternating'] as const) {
      const trades = (way === 'streamed' ? 250_000 : 50_000) / (isQuick ? 2.5 : 1);
      const frames = tradeFrames(0, trades, way === 'streamed' ? TOGETHER : 1);
      const found: Record<Name, Round>[] = [];
      // The first round is for the compiler.
      for (let round = -1; round < rounds; round++) {
        const of = (name: Name) => run(servers[name], way, frames, trades);
        const one = { program: await of('program'), socket: await of('socket'), empty: await of('empty') };
        if (round >= 0) found.push(one);
      }
      const of = (pick: (one: Record<Name, Round>) => number) => median(found.map(pick));
      const ratio = (name: Name) => of((one) => one[name].perSecond / one.empty.perSecond);
      const aim = { atLeast: 0.5 };
      figures.push(
        { name: `${way}: the program`, value: of(({ program }) => program.perSecond), unit: '/s', aim: null },
        { name: 'the socket alone', value: of(({ socket }) => socket.perSecond), unit: '/s', aim: null },
        { name: 'empty ws server', value: of(({ empty }) => empty.perSecond), unit: '/s', aim: null },
        { name: 'the program ÷ empty server', value: ratio('program'), unit: '×', aim },
        { name: 'the socket alone ÷ empty server', value: ratio('socket'), unit: '×', aim: null },
      );
      for (const name of ['program', 'socket', 'empty'] as const) {
        const value = of((one) => one[name].microseconds);
        figures.push({ name: `processor time of a trade: ${name}`, value, unit: 'µs', aim: null });
      }
    }
  } finally {
    for (const server of Object.values(servers)) await server.end();
  }
  return figures;
}
