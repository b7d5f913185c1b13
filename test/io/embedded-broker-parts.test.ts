import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isAggregatorsBroker, loadCredentials } from '../../src/io/embedded-broker/credentials.ts';
import { binaryCandidates, newestBinary } from '../../src/io/embedded-broker/find-binary.ts';
import { boundLog, lastComplaint, openLog } from '../../src/io/embedded-broker/log-file.ts';
import { parseGreeting, probe, takesLogin } from '../../src/io/embedded-broker/probe.ts';
import { isAtLeast, parseVersion, readVersion } from '../../src/io/embedded-broker/version.ts';
import { freePorts, occupy, temporaryFolder } from './broker-fixtures.ts';

/** A folder with a program that does this when asked its version. */
function folderWith(body: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'nats-server'), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, 'nats-server'), 0o755);
  return folder;
}
const telling = (version: string) => folderWith(`echo nats-server: v${version}`);

describe('broker binary', () => {
  test('broker binary - it is looked for in PATH first, then in the usual folders, then in the project cache', () => {
    const candidates = binaryCandidates({ searchPath: '/a:/b' });
    expect(candidates.slice(0, 4)).toEqual([
      '/a/nats-server',
      '/b/nats-server',
      '/usr/sbin/nats-server',
      '/usr/local/bin/nats-server',
    ]);
    expect(candidates[4]).toMatch(/\/\.cache\/nats-server\/nats-server$/);
  });

  test('broker binary - NATS_SERVER_BIN is the only candidate', () => {
    expect(binaryCandidates({ override: '/x/nats-server', searchPath: '/a' })).toEqual(['/x/nats-server']);
  });

  test.each(['/nowhere/nats-server', '/etc/passwd', '/usr'])(
    'broker binary - %s is refused with remedies',
    async (override) => {
      await expect(newestBinary({ override, searchPath: '' })).rejects.toMatchObject({
        code: 'broker_binary_missing',
        message: expect.stringMatching(/NATS_SERVER_BIN.*apt install nats-server.*NATS_URL/),
      });
    },
  );

  test('broker binary - the newest is taken, of the same version the first, whatever the others are', async () => {
    const folders = ['98.9.9', '99.1.0', '99.1.0', '99.0.30'].map(telling);
    const others = ['exit 3', 'echo nats-server: v2.8.4', 'echo hello'].map(folderWith);
    const all = [...others, ...folders].join(delimiter);
    expect(await newestBinary({ searchPath: all })).toEqual({
      path: join(folders[1] ?? '', 'nats-server'),
      version: [99, 1, 0],
    });
    const named = join(folders[0] ?? '', 'nats-server');
    expect(await newestBinary({ override: named, searchPath: all })).toMatchObject({ version: [98, 9, 9] });
    // The scripts find the same one.
    const ask = (bin: string) =>
      execFileSync('sh', ['-euc', '. scripts/tools.sh; . scripts/nats-server.sh; find_nats_server'], {
        encoding: 'utf8',
        env: { PATH: `/usr/bin:/bin:${all}`, NATS_SERVER_BIN: bin },
      });
    expect([ask(''), ask(named)]).toEqual([`${join(folders[1] ?? '', 'nats-server')}\n`, `${named}\n`]);
  });

  test('broker binary - no nats-server that was built for the tests is looked at', () => {
    for (const path of binaryCandidates({ searchPath: '/a' })) expect(path).not.toContain('nats-servers');
  });

  test.each([
    ['exit 0', /names no version/],
    ['echo nats-server: v2.8.4', /2\.9\.0 or newer/],
    ['exit 3', /could not be run/],
  ])('broker binary - a program that does `%s` is refused', async (body, message) => {
    const program = join(temporaryFolder(), 'nats-server');
    writeFileSync(program, `#!/bin/sh\n${body}\n`);
    chmodSync(program, 0o755);
    await expect(readVersion(program)).rejects.toThrow(message);
  });
});

describe('broker version', () => {
  test.each([
    ['nats-server: v2.9.10', [2, 9, 10]],
    ['nats-server: v2.11.0-RC.3', [2, 11, 0]],
    ['2.10.21', [2, 10, 21]],
    ['hello', null],
  ])('broker version - the output %j is read', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });

  test.each([
    [[2, 9, 10], [2, 9, 10], true],
    [[2, 9, 10], [2, 10, 0], false],
    [[2, 10, 0], [2, 9, 10], true],
    [[3, 0, 0], [2, 10, 21], true],
    [[2, 10, 9], [2, 10, 21], false],
  ] as const)('broker version - %j at least %j: %s', (version, least, expected) => {
    expect(isAtLeast(version, least)).toBe(expected);
  });
});

describe('broker credentials', () => {
  test('broker credentials - they are made once, kept, and readable only by the owner', () => {
    const file = join(temporaryFolder(), 'credentials.json');
    const made = loadCredentials(file);
    expect(isAggregatorsBroker(made.serverName)).toBe(true);
    expect(loadCredentials(file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(new Set(Object.values(made)).size).toBe(4);
  });

  test.each(['', '{', 'null', '[]', '{"serverName":"x"}', '{"serverName":"truebit-aggregator-0123abcd"}'])(
    'broker credentials - a file with %j is refused, and left unchanged',
    (text) => {
      const file = join(temporaryFolder(), 'credentials.json');
      writeFileSync(file, text);
      expect(() => loadCredentials(file)).toThrow(/restore it, or remove it/);
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );
});

describe('broker probe', () => {
  test.each([
    ['INFO {"server_name":"a","version":"2.9.10"} \r\n', { type: 'nats', name: 'a', version: '2.9.10' }],
    [
      'INFO {"server_name":"a\\u001b[31m b","version":7}\r\n',
      { type: 'nats', name: 'a??31m?b', version: '' },
    ],
    ['INFO {\r\n', null],
    ['INFO [1]\r\n', null],
    ['HTTP/1.1 400 Bad Request\r\n', null],
    ['', null],
  ])('broker probe - the greeting %j is recognised', (text, expected) => {
    expect(parseGreeting(text)).toEqual(expected);
  });

  test('broker probe - a silent listener is not taken for NATS, and a free port counts as empty', async () => {
    const [port, free] = (await freePorts(2)) as [number, number];
    await occupy(port);
    const [silent, nothing] = await Promise.all([
      probe({ host: '127.0.0.1', port }),
      probe({ host: '127.0.0.1', port: free }),
    ]);
    expect(silent).toEqual({ type: 'not_nats' });
    expect(nothing).toEqual({ type: 'nothing' });
  });

  test('broker probe - an endless answer is cut off', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      const write = (): boolean =>
        socket.writable && socket.write('x'.repeat(65_536), () => setImmediate(write));
      write();
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    onTestFinished(() => void server.close());
    expect(await probe({ host: '127.0.0.1', port })).toEqual({ type: 'not_nats' });
    expect(await takesLogin({ host: '127.0.0.1', port }, 'a', 'u', 'p')).toBe(false);
  });
});

describe('broker log', () => {
  test('broker log - above its size limit the log is emptied, and one old file is kept', () => {
    const file = join(temporaryFolder(), 'nats-server.log');
    for (const letter of ['a', 'b']) {
      writeFileSync(file, letter.repeat(101));
      boundLog(file, 100);
      expect(statSync(file).size).toBe(0);
      expect(readFileSync(`${file}.1`, 'utf8')).toBe(letter.repeat(101));
    }
  });

  test('broker log - on a full disk the log is emptied without an old file, and where no log can be written another target is opened', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'nats-server.log');
    writeFileSync(file, 'x'.repeat(101));
    // Writing the copy fails with ENOSPC.
    symlinkSync('/dev/full', `${file}.1`);
    boundLog(file, 100);
    expect([statSync(file).size, existsSync(`${file}.1`)]).toEqual([0, false]);
    expect(() => boundLog(join(file, 'below-a-file'), 100)).not.toThrow();
    const { descriptor, offset } = openLog(folder);
    closeSync(descriptor);
    expect(offset).toBe(0);
  });

  test('broker log - below its size limit the file is unchanged', () => {
    const file = join(temporaryFolder(), 'nats-server.log');
    writeFileSync(file, 'a'.repeat(100));
    boundLog(file, 100);
    expect(statSync(file).size).toBe(100);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  test('broker log - only a complaint of this run is quoted', () => {
    const file = join(temporaryFolder(), 'nats-server.log');
    writeFileSync(file, '[1] 2026/01/15 10:30:00.0 [FTL] of yesterday\n');
    const { offset } = openLog(file);
    expect(lastComplaint(file, offset)).toBe('');
    appendFileSync(file, '[2] 2026/01/15 10:31:00.0 [FTL] bind: address already in use\n[2] [INF] bye\n');
    expect(lastComplaint(file, offset)).toBe('bind: address already in use');
  });
});
