// Answers to `get_mining_info` a second over 1,000 kept connections, of the whole program and of its door alone, against
// a node:http server that answers a constant of the same size; and the processor time of one such answer.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { startMiningProgram } from './mining-program.ts';
import { cpuSeconds } from './stage.ts';

const CONNECTIONS = 1_000;
/** What the door alone answers, about as long as what a node says. */
const INFORMATION =
  '{"generation_signature":"9821beb3b34d9a3b30127c05f8d1e9006f8a02f565a3572145134bbe34d37a76","base_target":36650387592,"height":12345,"block_hash":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d","target_quality":18446744073709551615,"minimum_compression_level":1,"target_compression_level":1}';
const POLL = '{"jsonrpc":"2.0","id":12345,"method":"get_mining_info","params":[]}';
const REQUEST = `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\naccept: */*\r\ncontent-length: ${POLL.length}\r\n\r\n${POLL}`;

interface Server {
  readonly sockets: readonly Socket[];
  readonly pid: number;
  /** Length of one answer with its headers, the same each time. */
  readonly answerBytes: number;
  /** Length of its body. */
  readonly bodyBytes: number;
  end(): Promise<void>;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the server's process for one answer, in µs. */
  readonly microseconds: number;
}

/** Opens the connections, and asks once. */
async function openServer(port: number, pid: number, end: () => Promise<void>): Promise<Server> {
  const sockets: Socket[] = [];
  for (let count = 0; count < CONNECTIONS; count++) {
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const [first] = sockets;
  first?.write(REQUEST);
  const [answer] = first === undefined ? [Buffer.alloc(0)] : ((await once(first, 'data')) as [Buffer]);
  return {
    sockets,
    pid,
    answerBytes: answer.length,
    bodyBytes: answer.length - answer.indexOf('\r\n\r\n') - 4,
    async end() {
      for (const socket of sockets) socket.destroy();
      await end();
    },
  };
}

async function startReference(file: string, argument: string): Promise<Server> {
  const path = fileURLToPath(new URL(`references/${file}.ts`, import.meta.url));
  const child = spawn(process.execPath, [path, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return openServer(Number(new URL(url).port), child.pid ?? 0, async () => void child.kill());
}

async function startProgram(): Promise<Server> {
  const { port, pid, end } = await startMiningProgram();
  return openServer(port, pid, end);
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
  const program = await startProgram();
  const door = await startReference('miner-door', INFORMATION);
  const empty = await startReference('empty-http', String(program.bodyBytes));
  const runs = new Map<Server, Round[]>([program, door, empty].map((server) => [server, []]));
  try {
    // Compiled before it is measured.
    for (const server of runs.keys()) await run(server, 2);
    for (let round = 0; round < rounds; round++) {
      for (const [server, found] of runs) found.push(await run(server, seconds));
    }
    const of = (server: Server, name: keyof Round) =>
      median((runs.get(server) ?? []).map((each) => each[name]));
    const ratio = (server: Server) =>
      median(
        (runs.get(server) ?? []).map(
          ({ perSecond }, round) => perSecond / (runs.get(empty)?.[round]?.perSecond ?? Number.NaN),
        ),
      );
    return [
      { name: 'the program', value: of(program, 'perSecond'), unit: '/s', aim: null },
      { name: 'the door alone', value: of(door, 'perSecond'), unit: '/s', aim: null },
      { name: 'empty node:http server', value: of(empty, 'perSecond'), unit: '/s', aim: null },
      { name: 'the program ÷ empty server', value: ratio(program), unit: '×', aim: { atLeast: 0.6 } },
      { name: 'the door alone ÷ empty server', value: ratio(door), unit: '×', aim: null },
      {
        name: 'processor time of an answer: program',
        value: of(program, 'microseconds'),
        unit: 'µs',
        aim: null,
      },
      { name: 'of the door alone', value: of(door, 'microseconds'), unit: 'µs', aim: null },
      { name: 'of the empty server', value: of(empty, 'microseconds'), unit: 'µs', aim: null },
    ];
  } finally {
    for (const server of runs.keys()) await server.end();
  }
}
