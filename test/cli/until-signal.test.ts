// The function under test runs in a process of its own, with real signals.

import { spawn } from 'node:child_process';
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
});
