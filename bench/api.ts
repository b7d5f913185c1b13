// Requests a second for the statistics that front ends read, against a fastify route that answers the same number of
// bytes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, Figure } from './figures.ts';
import { median } from './machine.ts';
import { openStage, startProgram } from './stage.ts';

const CONNECTIONS = 32;

/**
 * Requests one after another on each of several kept connections; returns the number of answers with 200 in a second.
 */
async function requestsPerSecond(url: string, seconds: number): Promise<number> {
  const { hostname, port, pathname, host } = new URL(url);
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  let answered = 0;
  const endMs = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const socket = connect(Number(port), hostname);
      let rest = '';
      const over = new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('data', (bytes) => {
          rest += bytes.toString('latin1');
          const head = rest.indexOf('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(rest)?.[1] ?? Number.NaN);
          if (head < 0 || rest.length < head + 4 + length) return;
          if (!rest.startsWith('HTTP/1.1 200')) reject(new Error(rest.slice(0, head)));
          rest = '';
          answered++;
          if (performance.now() < endMs) socket.write(request);
          else resolve();
        });
      });
      socket.write(request);
      await over;
      socket.destroy();
    }),
  );
  return answered / seconds;
}

export async function benchApi({ isQuick, rounds }: BenchOptions): Promise<readonly Figure[]> {
  const seconds = isQuick ? 1 : 5;
  const stage = await openStage('jetstream');
  const program = await startProgram(stage);
  const url = `${await program.url()}/api/federation/network-stats`;
  const size = (await (await fetch(url)).arrayBuffer()).byteLength;
  const reference = fileURLToPath(new URL('references/empty-route.ts', import.meta.url));
  const empty = spawn(process.execPath, [reference, String(size)], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [emptyUrl] = (await once(createInterface({ input: empty.stdout }), 'line')) as [string];
    const [ours, bare]: [number[], number[]] = [[], []];
    // Compiled before it is measured.
    await Promise.all([requestsPerSecond(url, 1), requestsPerSecond(emptyUrl, 1)]);
    for (let round = 0; round < rounds; round++) {
      ours.push(await requestsPerSecond(url, seconds));
      bare.push(await requestsPerSecond(emptyUrl, seconds));
    }
    return [
      { name: '/api/federation/network-stats', value: median(ours), unit: '/s', aim: null },
      { name: 'empty route of fastify', value: median(bare), unit: '/s', aim: null },
      {
        name: '÷ empty route',
        value: median(ours.map((each, round) => each / (bare[round] ?? Number.NaN))),
        unit: '×',
        aim: { atLeast: 0.5 },
      },
    ];
  } finally {
    empty.kill();
    await program.stop();
    await stage.close();
  }
}
