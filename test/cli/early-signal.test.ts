// A signal that comes while the entry file still loads the program: from its first line on, the service ends with 0.

import { spawn } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAIN, testFolder } from '../support/program.ts';

/** A hook that sends the signal to its own process when the entry file asks for `commands.ts`; others have such a file too. */
const atImport = (signal: NodeJS.Signals) => `
  resolve(specifier, context, next) {
    if (specifier === './commands.ts' && context.parentURL.endsWith('/main.ts')) process.kill(process.pid, '${signal}');
    return next(specifier, context);
  },`;

/** A hook that replaces `commands.ts` by a program whose loading never ends, and sends the signal meanwhile. */
const whileLoading = (signal: NodeJS.Signals) => `
  load(url, context, next) {
    if (!url.endsWith('/commands.ts')) return next(url, context);
    const source = "process.kill(process.pid, '${signal}'); await new Promise((done) => setTimeout(done, 600_000));";
    return { format: 'module', source, shortCircuit: true };
  },`;

async function end(hook: string, args: readonly string[]) {
  const own = await testFolder('early-signal');
  const text = `import { registerHooks } from 'node:module'; registerHooks({ ${hook} });`;
  const preload = `data:text/javascript,${encodeURIComponent(text)}`;
  const child = spawn(process.execPath, ['--import', preload, MAIN, ...args], {
    env: { ...process.env, ...own.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code, by) => resolve({ code, by, errors })));
}

const IN_ORDER = { code: 0, by: null, errors: '' };

describe('early signal', () => {
  it.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'] as const)(
    'early signal - %s while the service is being loaded ends it with 0 at once',
    async (signal) => {
      expect(await end(whileLoading(signal), ['serve'])).toEqual(IN_ORDER);
    },
  );

  it('early signal - a signal that is delivered only when all is loaded is an orderly stop', async () => {
    expect(await end(atImport('SIGTERM'), [])).toEqual(IN_ORDER);
  });

  it('early signal - another command ends as by default', async () => {
    const byDefault = { code: null, by: 'SIGTERM', errors: '' };
    expect(await end(whileLoading('SIGTERM'), ['check-config'])).toEqual(byDefault);
  });
});
