import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../src/cli/command-line.ts';
import type { Environment } from '../../../src/config/environment.ts';
import { simulateCommand } from '../../../src/federation/cli/simulate.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { OPTIONS, readOptions } from '../../../src/federation/simulator/options.ts';

function parseOptions(args: readonly string[], env: Environment) {
  return readOptions(parseCommandLine(args, OPTIONS), env);
}

describe('options', () => {
  it('options - the command of the documentation is accepted', () => {
    const args = '--nodes 100 --rate 30 --duration 60 --seed 1 --duplicates 0.3 --disagree 0.05'.split(' ');
    expect(parseOptions(args, {})).toEqual({
      nodes: 100,
      ratePerMinute: 30,
      durationMs: 60_000,
      seed: 1,
      duplicates: 0.3,
      disagree: 0.05,
      servers: ['nats://127.0.0.1:4222'],
      user: null,
      password: null,
      httpUrl: 'http://127.0.0.1:8080',
      isHttpOurs: true,
      patienceMs: 45_000,
      isJson: false,
    });
  });

  it('options - the environment gives the options that the command line leaves out', () => {
    const env = {
      NATS_URL: 'nats://a:1, nats://b:2',
      FEDERATION_NATS_USER: 'u',
      FEDERATION_NATS_PASSWORD: 'p',
    };
    expect(parseOptions(['--json'], env).isJson).toBe(true);
    expect(parseOptions([], env)).toMatchObject({
      servers: ['nats://a:1', 'nats://b:2'],
      user: 'u',
      password: 'p',
    });
    expect(parseOptions([], { EMBEDDED_NATS_PORT: '4322' }).servers).toEqual(['nats://127.0.0.1:4322']);
    expect(parseOptions([], { ...env, EMBEDDED_NATS_PORT: '4322' }).servers).toHaveLength(2);
    const spaced = { ...env, NATS_URL: ' tls://me:hunter2@a:1 ', EMBEDDED_NATS: 'OFF' };
    expect(parseOptions([], { ...spaced, FEDERATION_NATS_USER: ' ' })).toMatchObject({
      servers: ['tls://a:1'],
      user: null,
    });
    expect(parseOptions(['--user', 'x', '--nats', 'nats://c:3'], env)).toMatchObject({
      user: 'x',
      servers: ['nats://c:3'],
    });
  });

  it('options - a wrong setting gives the sentence of the program', () => {
    const wrong = [
      { NATS_URL: 'nats://me:hunter2' },
      { NATS_URL: 'ws://me:hunter2@a' },
      { FEDERATION_NATS_PASSWORD: '"hunter2"' },
    ];
    for (const env of wrong) {
      expect(() => parseOptions([], env)).toThrow(/NATS_(URL|PASSWORD)(?!.*hunter2)/);
      expect(() => parseOptions(['--nats', 'nats://a', '--password', 'x'], env)).not.toThrow();
    }
  });

  it.each([
    ['--nodes', '0'],
    ['--nodes', '1.5'],
    ['--rate', '-3'],
    ['--rate', 'many'],
    ['--duration', ''],
    ['--duplicates', '1.1'],
    ['--disagree', 'NaN'],
    ['--nats', 'http://127.0.0.1'],
    ['--http', 'nowhere'],
    ['--unknown', '1'],
    ['stray'],
    ['--seed'],
  ])('options - %s %s is refused in one sentence', (...args) => {
    const refuse = () => parseOptions(args, {});
    expect(refuse).toThrow(CodedError);
    expect(refuse).toThrow(/^[^\n]+\.$/);
  });

  it('options - a password in a URL that is refused is not repeated', () => {
    expect(() => parseOptions(['--nats', 'http://me:secret@host'], {})).toThrow(/^(?!.*secret).*$/);
  });

  it('options - bad arguments, and an aggregator that does not answer, give exit code 2', async () => {
    const simulate = (...args: string[]) => simulateCommand.run({ name: 'simulate', args, env: {} });
    expect(await simulate('--nodes', 'x')).toBe(2);
    expect(await simulate('--http', 'http://127.0.0.1:9')).toBe(2);
  });
});
