// Answers to `get_mining_info` a second over 1,000 kept connections, against a node:http server that answers a constant
// of the same size; and the processor time of one such answer. The door runs alone in a process of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { cpuSeconds } from './stage.ts';

const CONNECTIONS = 1_000;
/** As a node answers, without the numbers that a door does not look at. */
const INFORMATION =
  '{"generation_signature":"9821beb3b34d9a3b30127c05f8d1e9006f8a02f565a3572145134bbe34d37a76","base_target":36650387592,"height":12345,"block_hash":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d","target_quality":18446744073709551615,"minimum_compression_level":1,"target_compression_level":1}';
const POLL = '{"jsonrpc":"2.0","id":12345,"method":"get_mining_info","params":[]}';
const REQUEST = `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: */*\r\ncontent-length: ${POLL.length}\r\n\r\n${POLL}`;

interface Server {
  readonly sockets: readonly Socket[];
  readonly pid: number;
  /** Length of one answer with its headers, the same each time. */
  readonly answerBytes: number;
  end(): void;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the server for one answer, in µs. */
  readonly microseconds: number;
}

async function startServer(file: string, argument: string): Promise<Server> {
  const path = fileURLToPath(new URL(`references/${file}.ts`, import.meta.url));
  const child = spawn(process.execPath, [path, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const sockets: Socket[] = [];
  for (let count = 0; count < CONNECTIONS; count++) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const [first] = sockets;
  first?.write(REQUEST);
  const [answer] = first === undefined ? [] : ((await once(first, 'data')) as [Buffer]);
  return {
    sockets,
    pid: child.pid ?? 0,
    answerBytes: answer?.length ?? 0,
    end() {
      for (const socket of sockets) socket.destroy();
      child.kill();
    },
  };
}

/** One request after the other on each connection. */
async function run({ sockets, pid, answerBytes }: Server, seconds: number): Promise<Round> {
  let answers = 0;
  const startMs = performance.now();
  const startCpu = cpuSeconds(pid);
  const endMs = startMs + seconds * 1000;
  await Promise.all(
    sockets.map(async (socket) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      let missing = answerBytes;
      const take = (bytes: Buffer) => {
        missing -= bytes.length;
        if (missing < 0) reject(new Error('an answer of another length'));
        if (missing > 0) return;
        answers++;
        missing = answerBytes;
        if (performance.now() < endMs) socket.write(REQUEST);
        else resolve();
      };
      socket.on('data', take).once('close', () => reject(new Error('closed')));
      socket.write(REQUEST);
      await promise;
      socket.off('data', take).removeAllListeners('close');
    }),
  );
  const elapsed = (performance.now() - startMs) / 1000;
  return { perSecond: answers / elapsed, microseconds: ((cpuSeconds(pid) - startCpu) / answers) * 1e6 };
}

export async function benchMiningInfo({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const seconds = isQuick ? 1 : 4;
  const body = `{"jsonrpc":"2.0","result":${INFORMATION},"id":12345}`;
  const door = await startServer('miner-door', INFORMATION);
  const empty = await startServer('empty-http', String(body.length));
  try {
    const [ours, bare]: [Round[], Round[]] = [[], []];
    // Compiled before it is measured.
    for (const server of [door, empty]) await run(server, 2);
    for (let round = 0; round < rounds; round++) {
      ours.push(await run(door, seconds));
      bare.push(await run(empty, seconds));
    }
    const ratio = ours.map(({ perSecond }, round) => perSecond / (bare[round]?.perSecond ?? Number.NaN));
    const of = (runs: readonly Round[], name: keyof Round) => median(runs.map((each) => each[name]));
    return [
      { name: 'get_mining_info, 1,000 connections', value: of(ours, 'perSecond'), unit: '/s', aim: null },
      { name: 'empty node:http server', value: of(bare, 'perSecond'), unit: '/s', aim: null },
      { name: '÷ empty server', value: median(ratio), unit: '×', aim: { atLeast: 0.6 } },
      { name: 'processor time of an answer', value: of(ours, 'microseconds'), unit: 'µs', aim: null },
      { name: 'the same of the empty server', value: of(bare, 'microseconds'), unit: 'µs', aim: null },
    ];
  } finally {
    door.end();
    empty.end();
  }
}
