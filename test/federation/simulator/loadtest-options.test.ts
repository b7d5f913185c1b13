import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../src/cli/command-line.ts';
import {
  commandLineOf,
  LOAD_OPTIONS,
  readLoadOptions,
} from '../../../src/federation/simulator/load-options.ts';
import { hostsNotAllowed, isOwnHost } from '../../../src/federation/simulator/own-hosts.ts';

const OWN = new Set(['192.0.2.10', 'fe80::1']);

function read(...args: readonly string[]) {
  return readLoadOptions(parseCommandLine(args, LOAD_OPTIONS), {}, OWN);
}

describe('loadtest options', () => {
  it('loadtest options - without any, a small steady load on this machine', () => {
    expect(read()).toMatchObject({
      profile: 'steady',
      nodes: 100,
      ratePerMinute: 30,
      durationMs: 60_000,
      seed: 1,
      httpUrl: 'http://127.0.0.1:8080',
      isHttpOurs: true,
      reportFolder: null,
    });
  });

  it.each([
    [['--profile', 'storm'], '--profile: must be one of steady, burst'],
    [['--nodes', '0'], '--nodes 0'],
    [['--nodes', '20001'], '--nodes 20001'],
    [['--rate', 'x'], '--rate x'],
    [['--nats', 'http://127.0.0.1'], '--nats'],
    [['--restart-command', 'true'], '--restart-command: only for --profile broker-restart'],
    [['--long-cut'], '--long-cut: only for --profile reconnect-storm'],
    [['--foreign-key', 'file'], '--foreign-key: only for --profile malformed'],
    [['--nats', 'nats://broker.example:4222'], 'broker.example is not this machine'],
    [['--nats', 'nats://127.0.0.1:4222,nats://192.0.2.11'], '192.0.2.11 is not this machine'],
    [['--http', 'https://aggregator.example'], 'aggregator.example is not this machine'],
    [
      ['--nats', 'nats://a.example', '--http', 'http://b.example', '--yes-load', 'a.example'],
      'b.example is not this machine',
    ],
  ])('loadtest options - %j is refused', (args, sentence) => {
    expect(() => read(...args)).toThrow(sentence);
  });

  it.each([
    [['--nodes', '20000'], { nodes: 20_000 }],
    [['--nats', 'nats://localhost:1,nats://[::1]:2,nats://192.0.2.10'], { servers: { length: 3 } }],
    [['--nats', 'tls://A.example', '--yes-load', 'a.example'], { servers: ['tls://A.example'] }],
    [
      ['--nats', 'nats://a.example', '--http', 'http://b.example', '--yes-load', 'a.example, b.example'],
      { httpUrl: 'http://b.example', allowedHosts: ['a.example', 'b.example'] },
    ],
    [
      ['--profile', 'broker-restart', '--restart-command', 'systemctl restart nats'],
      { restartCommand: 'systemctl restart nats' },
    ],
    [['--profile', 'reconnect-storm', '--long-cut'], { hasLongCut: true }],
  ])('loadtest options - %j is taken', (args, options) => {
    expect(read(...args)).toMatchObject(options);
  });

  it('loadtest options - the command line of a run repeats it, without a login', () => {
    const options = read(
      '--profile',
      'broker-restart',
      '--restart-command',
      "kill -9 $(cat 'a file')",
      '--nats',
      'nats://monitor:secret@127.0.0.1:4222',
      '--password',
      'secret',
    );
    const line = commandLineOf(options);
    expect(line).not.toContain('secret');
    expect(line).toContain(String.raw`--restart-command 'kill -9 $(cat '\''a file'\'')'`);
    expect(line).toContain('--nats nats://127.0.0.1:4222');
  });

  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['192.0.2.10', true],
    ['fe80::1', true],
    ['192.0.2.11', false],
    ['127.example.com', false],
    ['localhost.example.com', false],
  ])('loadtest options - %s is this machine: %s', (host, isOwn) => {
    expect(isOwnHost(host, OWN)).toBe(isOwn);
  });

  it('loadtest options - each foreign host is named once', () => {
    const urls = [
      'nats://a.example:1',
      'nats://A.example:2',
      'nats://[2001:db8::1]:4222',
      'http://127.0.0.1',
    ];
    expect(hostsNotAllowed(urls, [], OWN)).toEqual(['a.example', '2001:db8::1']);
    expect(hostsNotAllowed(urls, ['A.example', '[2001:db8::1]'], OWN)).toEqual([]);
  });
});
