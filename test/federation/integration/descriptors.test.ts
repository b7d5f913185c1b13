// Out of file descriptors: the real program under a low limit, its connections held until none is left.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { childrenBeside, MAIN, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** The program or one of its commands with this limit of open files. */
function startWithLimit(
  limit: number,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): ChildProcessByStdio<null, Readable, Readable> {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const child = spawn('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, MAIN, ...args], {
    env: { PATH, HOME, NATS_SERVER_BIN, LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const SENTENCE =
  /^Too few file descriptors: only \d+ more files can be opened, and \d+ are needed \(EMFILE, limit \d+\); raise the limit \(ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit\) and start again\. \[too_few_descriptors\]\n$/;

// Below 26 Node itself cannot start.
it.each([26, 28, 30, 34, 38, 42, 44, 50, 60])(
  'descriptors - a start with %i ends with one sentence, and makes no file',
  async (limit) => {
    const own = await testFolder('few-descriptors');
    const child = startWithLimit(limit, { ...own.env, HTTP_PORT: '0' });
    const code = new Promise((resolve) => child.once('close', resolve));
    const [stdout, stderr] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    expect({ code: await code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(SENTENCE),
    });
    expect(readdirSync(own.folder)).toEqual([]);
  },
);

it('descriptors - a start with 72 becomes ready', async () => {
  const own = await testFolder('enough-descriptors');
  const child = startWithLimit(72, { ...own.env, HTTP_PORT: '0' });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const code = new Promise((resolve) => child.once('close', resolve));
  await until('the start', () => lines.some((line) => line.includes('ready to aggregate')));
  child.kill('SIGTERM');
  expect(await code).toBe(0);
});

it('descriptors - a command that cannot open its files reports it', async () => {
  const own = await testFolder('few-for-backup');
  const env = { ...own.env, DB_PATH: own.databasePath };
  for (const args of [['audit'], ['backup', `${own.folder}/b.db`], ['keys', 'create', '--name', 'a']]) {
    const child = startWithLimit(28, env, args);
    const code = new Promise((resolve) => child.once('close', resolve));
    child.stdout.resume();
    expect(await textOf(child.stderr)).toMatch(SENTENCE);
    // An audit that finds a difference ends with 1.
    expect(await code).toBe(args[0] === 'audit' ? 2 : 1);
  }
});

it('descriptors - with none left the log names cause and remedy once and the program is unready, until descriptors are free', async () => {
  const own = await testFolder('descriptors');
  const port = await freePort();
  const child = startWithLimit(90, { ...own.env, HTTP_PORT: String(port) });
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
    // The server must not close this connection as idle.
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
