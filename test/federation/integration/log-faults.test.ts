// The log cannot be written: its disk is full, or its reader stands still. Tests with a small file system run where one
// can be mounted (as root, or in a namespace); /dev/full stands in elsewhere.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMPILED_CODE } from '../../support/compiled-code.ts';
import { freePort } from '../../support/free-port.ts';
import { CAN_MOUNT, mountSmall } from '../../support/mounts.ts';
import { brokerPid, childrenBeside, MAIN, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const PAGE_BYTES = 4096;
const STOP_TIME_MAX_MS = 5000;

/** The program with its log at a descriptor of the test, which observes it only over HTTP. */
async function launchAt(stdout: number, env: Readonly<Record<string, string>>) {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH,
      HOME,
      NATS_SERVER_BIN,
      ...COMPILED_CODE,
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'debug',
      ...env,
      HTTP_PORT: String(port),
    },
    stdio: ['ignore', stdout, 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const read = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2000) });
    return { status: response.status, text: await response.text() };
  };
  return {
    ready: () => until('readiness', async () => (await read('/readyz').catch(() => null))?.status === 200),
    async warning() {
      const body = JSON.parse((await read('/readyz')).text) as {
        components: { process: { ok: boolean; reason?: string } };
      };
      return body.components.process;
    },
    async dropped() {
      const { text } = await read('/metrics');
      return Number(/^aggregator_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
    },
    async stop() {
      const startedMs = performance.now();
      child.kill('SIGTERM');
      const code = await exit;
      return { code, errors, isQuick: performance.now() - startedMs < STOP_TIME_MAX_MS };
    },
  };
}

const STOPPED = { code: 0, errors: '', isQuick: true };

function openUntilEnd(path: string, flags: string | number): number {
  const descriptor = openSync(path, flags);
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

describe('log that cannot be written', () => {
  it.runIf(CAN_MOUNT)(
    'log - on a full disk lines are dropped and counted, everything else works, and with free space the number is logged',
    async () => {
      const own = await testFolder('full-log');
      const folder = mountSmall(join(own.folder, 'small'), 16 * PAGE_BYTES);
      const file = join(folder, 'log');
      const program = await launchAt(openUntilEnd(file, 'a'), own.env);
      await program.ready();
      // To the end of a page, so that not even the next line fits.
      const pad = openUntilEnd(file, 'a');
      writeSync(pad, `${' '.repeat(PAGE_BYTES - 1 - (statSync(file).size % PAGE_BYTES))}\n`);
      const filler = openSync(join(folder, 'filler'), 'w');
      expect(() => {
        for (;;) writeSync(filler, Buffer.alloc(PAGE_BYTES));
      }).toThrow('ENOSPC');
      closeSync(filler);

      process.kill(brokerPid(own) ?? 0, 'SIGKILL');
      const dropped = await until('lines to be dropped', async () => (await program.dropped()) || null);
      expect(await program.warning()).toEqual({
        ok: true,
        reason: expect.stringMatching(/^the log is not whole: it cannot be written \(ENOSPC\), \d+ lines/),
      });
      await program.ready();

      rmSync(join(folder, 'filler'));
      const told = await until('the number to be told', () => {
        const line = readFileSync(file, 'utf8').match(/^\{.*"msg":"Log lines were dropped.*$/m)?.[0];
        return line !== undefined && (JSON.parse(line) as { lines: number; msg: string });
      });
      expect(told.msg).toBe('Log lines were dropped, they could not be written (ENOSPC)');
      expect(told.lines).toBeGreaterThanOrEqual(dropped);
      await until('the warning to end', async () => (await program.warning()).reason === undefined);
      expect(await program.stop()).toEqual(STOPPED);
      expect(readFileSync(file, 'utf8')).toContain('"msg":"stopped"');
      expect(childrenBeside(own.databasePath)).toEqual([]);
    },
  );

  it('log - with /dev/full from the start the program becomes ready, reports the fault, and ends in order', async () => {
    const own = await testFolder('dev-full');
    const program = await launchAt(openUntilEnd('/dev/full', 'w'), own.env);
    await program.ready();
    expect(await program.dropped()).toBeGreaterThan(0);
    expect((await program.warning()).reason).toContain('(ENOSPC)');
    expect(await program.stop()).toEqual(STOPPED);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it('log - a pipe without a reader does not keep the program from starting and ending', async () => {
    const own = await testFolder('unread');
    const pipe = join(own.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const ours = openUntilEnd(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    expect(() => {
      for (;;) writeSync(ours, Buffer.alloc(PAGE_BYTES));
    }).toThrow('EAGAIN');
    const program = await launchAt(openUntilEnd(pipe, 'w'), own.env);
    await program.ready();
    expect(await program.stop()).toEqual(STOPPED);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it('log - with a reader that is gone the program becomes ready and ends in order', async () => {
    const own = await testFolder('gone');
    const pipe = join(own.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openUntilEnd(pipe, 'w');
    closeSync(reader);
    const program = await launchAt(writer, own.env);
    await program.ready();
    expect((await program.warning()).reason).toContain('(EPIPE)');
    expect(await program.stop()).toEqual(STOPPED);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });
});
