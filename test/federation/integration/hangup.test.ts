// Every way in which a person or a tool ends the program is an orderly stop that leaves no broker.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../src/io/embedded-broker/system-process.ts';
import { COMPILED_CODE } from '../../support/compiled-code.ts';
import { run, works } from '../../support/mounts.ts';
import { brokerPid, childrenBeside, launch, MAIN, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const CAN_OPEN_TERMINAL = works(() => run('sh', '-c', 'script --version | grep -q util-linux'));

/** The program on a terminal of its own; `close` closes that terminal. */
async function launchOnTerminal(folder: string, env: Readonly<Record<string, string>>) {
  const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
  const pidFile = join(folder, 'pid');
  const command = `echo $$ > '${pidFile}'; exec '${process.execPath}' '${MAIN}'`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { PATH, HOME, NATS_SERVER_BIN, ...COMPILED_CODE, SHELL: '/bin/sh', HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void terminal.kill('SIGKILL'));
  let shown = '';
  terminal.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const pid = await until('its process', () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')));
  return { pid, shown: () => shown, close: () => terminal.kill('SIGKILL') };
}

describe('hangup', () => {
  it.each(['SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)('hangup - %s is an orderly stop', async (signal) => {
    const own = await testFolder('hangup');
    const program = launch(own.env);
    await program.ready();
    expect(await program.stop(signal)).toBe(0);
    expect(program.log.map(({ msg }) => msg)).toContain('stopped');
    expect(program.errors()).toBe('');
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it('hangup - SIGHUP during the start, just after the broker has started, leaves no process', async () => {
    const own = await testFolder('hangup-start');
    const program = launch(own.env);
    await until('the broker', () => childrenBeside(own.databasePath).length > 0);
    expect(await program.stop('SIGHUP')).toBe(0);
    expect(childrenBeside(own.databasePath)).toEqual([]);
  });

  it.runIf(CAN_OPEN_TERMINAL).each(['ready to aggregate', null])(
    'hangup - closing the terminal (at "%s", null: during the start) ends the program and leaves no broker',
    async (sentence) => {
      const own = await testFolder('terminal');
      const program = await launchOnTerminal(own.folder, own.env);
      await until('the moment', () =>
        sentence === null ? brokerPid(own) !== null : program.shown().includes(sentence),
      );
      program.close();
      await until('its end', () => !isRunning(program.pid), 5000);
      expect(childrenBeside(own.databasePath)).toEqual([]);
    },
  );
});
