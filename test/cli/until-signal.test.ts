// The function under test runs in a process of its own, with real signals.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { STOP_TIME_MAX_MS } from '../../src/cli/until-signal.ts';
import { until } from '../support/until.ts';

const PROGRAM = fileURLToPath(new URL('../support/until-signal-program.ts', import.meta.url));

function launch(how: string) {
  const child = spawn(process.execPath, [PROGRAM, how], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines = () => output.trimEnd().split('\n');
  return { child, exit, lines, until: (line: string) => until(line, () => lines().includes(line)) };
}

describe('until a signal', () => {
  it.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const)(
    'until a signal - %s stops the program, and the exit code is 0',
    async (signal) => {
      const program = launch('runs');
      await program.until('info ready');
      program.child.kill(signal);
      expect(await program.exit).toBe(0);
      expect(program.lines()).toEqual([
        'info ready',
        `info ${signal}: stopping; closing`,
        'stop',
        'info stopped{"code":0}',
      ]);
    },
  );

  it('until a signal - a signal in the middle of the start stops the parts that were started', async () => {
    const program = launch('starts forever');
    await program.until('starting');
    program.child.kill('SIGTERM');
    expect(await program.exit).toBe(0);
    expect(program.lines()).toEqual([
      'starting',
      'info SIGTERM: stopping; closing',
      'stop',
      'info stopped{"code":0}',
    ]);
  });

  it('until a signal - a start that fails stops the started parts, and its error is thrown', async () => {
    const program = launch('fails');
    expect(await program.exit).toBe(1);
    expect(program.lines()).toEqual(['stop', 'thrown CodedError: no']);
  });

  it('until a signal - a fatal error is reported and stops the program, and the exit code is 1', async () => {
    const program = launch('fatal');
    expect(await program.exit).toBe(1);
    expect(program.lines()).toEqual([
      'info ready',
      'error it died{"code":"ingest_failed"}',
      'stop',
      'info stopped{"code":1}',
    ]);
  });

  it('until a signal - a second signal is ignored within a second of the first, and ends the process later', async () => {
    const soon = launch('stops slowly');
    await soon.until('info ready');
    soon.child.kill('SIGINT');
    await soon.until('stop');
    soon.child.kill('SIGTERM');
    expect(await soon.exit).toBe(0);
    const later = launch('stops never');
    await later.until('info ready');
    later.child.kill('SIGINT');
    await later.until('stop');
    const stoppedAtMs = performance.now();
    await until('more than a second', () => performance.now() - stoppedAtMs > 1_050);
    later.child.kill('SIGTERM');
    expect(await later.exit).toBe(143);
    expect(later.lines().at(-1)).toBe('kill');
  });

  it('until a signal - a stop that takes too long ends with 1 and leaves no child', async () => {
    const program = launch('stops never');
    await program.until('info ready');
    const startedMs = performance.now();
    program.child.kill('SIGTERM');
    expect(await program.exit).toBe(1);
    expect(performance.now() - startedMs).toBeGreaterThan(STOP_TIME_MAX_MS - 10);
    expect(program.lines().slice(-2)).toEqual([
      'error stopping took too long; ending now, and the next start recovers',
      'kill',
    ]);
  });

  it('until a signal - a program that reads its settings again does so at SIGHUP, as often as asked, and stops at others', async () => {
    const program = launch('rereads');
    await program.until('info ready');
    program.child.kill('SIGHUP');
    await program.until('reread');
    program.child.kill('SIGHUP');
    await until('twice', () => program.lines().length === 3);
    program.child.kill('SIGTERM');
    expect(await program.exit).toBe(0);
    expect(program.lines()).toEqual([
      'info ready',
      'reread',
      'reread',
      'info SIGTERM: stopping; closing',
      'stop',
      'info stopped{"code":0}',
    ]);
  });

  it('until a signal - SIGHUP in the middle of the start is kept until the program has started', async () => {
    const program = launch('rereads after its start');
    await program.until('starting');
    program.child.kill('SIGHUP');
    await program.until('reread');
    program.child.kill('SIGINT');
    expect(await program.exit).toBe(0);
    expect(program.lines().slice(0, 3)).toEqual(['starting', 'info ready', 'reread']);
  });

  it.runIf(process.platform === 'linux')(
    'until a signal - a program that reads its settings again stops when its terminal closes',
    async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'terminal-')), 'output');
      onTestFinished(() => rmSync(dirname(file), { recursive: true }));
      // `script` holds the terminal; the program's standard input is the terminal, and its output a file.
      const inner = `exec ${process.execPath} ${PROGRAM} rereads > ${file}`;
      const terminal = spawn('script', ['-qc', inner, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
      onTestFinished(() => void terminal.kill('SIGKILL'));
      await until('ready', () => existsSync(file) && readFileSync(file, 'utf8').includes('info ready\n'));
      terminal.kill('SIGKILL');
      await until('stopped', () => readFileSync(file, 'utf8').includes('info stopped{"code":0}\n'));
      expect(readFileSync(file, 'utf8')).toContain('info SIGHUP: stopping; closing\nstop\n');
    },
  );
});
