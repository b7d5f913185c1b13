// Out of file descriptors: the real program under a low limit, its connections held until none is left.

import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { childrenBeside, MAIN, testFolder } from '../support/program.ts';
import { until } from '../support/until.ts';

it('descriptors - none is left: one log line with cause and remedy, /readyz says so, and it ends', async () => {
  const own = await testFolder('descriptors');
  const port = await freePort();
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const env = { PATH, HOME, NATS_SERVER_BIN, LOG_FORMAT: 'json', ...own.env, HTTP_PORT: String(port) };
  const child = spawn('sh', ['-c', 'ulimit -n 90; exec "$0" "$1"', process.execPath, MAIN], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const log: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => log.push(line));
  // One connection, opened while there is room, and used again.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ask = (path: string) =>
    new Promise<{ status: number | undefined; text: string } | null>((resolve) => {
      const asked = request({ host: '127.0.0.1', port, path, agent }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.once('end', () => resolve({ status: answer.statusCode, text }));
      });
      asked.once('error', () => resolve(null)).end();
    });
  await until('readiness', async () => (await ask('/readyz'))?.status === 200);

  const held: Socket[] = [];
  onTestFinished(() => held.forEach((socket) => socket.destroy()));
  const lines = () => log.filter((line) => line.includes('no file descriptor is left'));
  await until('a line in the log', async () => {
    for (let i = 0; i < 20; i += 1) held.push(connect(port, '127.0.0.1').on('error', () => undefined));
    // The connection that is ours must not be closed as idle.
    await ask('/livez');
    return lines().length > 0;
  });
  expect(lines()[0]).toMatch(/EMFILE, limit 90.*ulimit -n 65536, or LimitNOFILE=65536/);
  const answer = await ask('/readyz');
  expect(answer).toEqual({
    status: 503,
    text: expect.stringMatching(/"process":\{"ok":false,"reason":"no file/),
  });

  for (const socket of held) socket.destroy();
  await until('the end of it', () => log.some((line) => line.includes('file descriptors are free again')));
  await until('readiness', async () => (await ask('/readyz'))?.status === 200);
  const { text = '' } = (await ask('/metrics')) ?? {};
  expect(Number(/^aggregator_descriptors_exhausted_seconds_total (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(
    0,
  );
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
  expect(childrenBeside(own.databasePath)).toEqual([]);
});
