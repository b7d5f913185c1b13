// `register-user` as a person runs it, against a small enclave over real HTTP.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { registerUserCommand } from '../../../src/trades/cli/register-user.ts';
import type { CommandResult } from '../../support/command.ts';
import { MAY_WITHDRAW, smallEnclave } from '../client/small-enclave.ts';
import { COMPILED_CODE } from '../../support/compiled-code.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const [KEY, SECRET] = ['api-key-12345', 'a-secret-67890'];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'register-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'key'), `${KEY}\n`, { mode: 0o600 });
  writeFileSync(join(path, 'secret'), `${SECRET}\r\n`, { mode: 0o600 });
  return path;
}

/** Runs it in a folder, with this on standard input. */
function run(cwd: string, args: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve) => {
    const env = { ...COMPILED_CODE, AGGREGATOR_CALLED_FROM: cwd };
    const child = execFile(
      process.execPath,
      [MAIN, 'register-user', ...args],
      { env, cwd },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

const registration = (url: string) => ['--enclave-url', url, '--user', 'me', '--exchange', 'binance'];
const FILES = ['--api-key-file', 'key', '--secret-file', 'secret'];

it('register-user - registers by files, keeps the token in a file, shows and ends the session', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  const args = [...registration(enclave.url), ...FILES, '--allow-unattested', '--account-type', 'futures'];
  const since = ['--since', '2026-01-01T00:00:00Z', '--symbols', 'BTC/USDT, ETH/USDT', '--sandbox'];
  const { code, stdout, stderr } = await run(cwd, [...args, ...since, '--api-interval', '5000', '--ttl=300']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const file = readdirSync(cwd).find((name) => name.startsWith('session-')) ?? '';
  const saved = JSON.parse(readFileSync(join(cwd, file), 'utf8')) as Record<string, string>;
  const token = saved['session_token'] ?? '';
  expect(statSync(join(cwd, file)).mode & 0o777).toBe(0o600);
  expect(saved).toMatchObject({ url: enclave.url, exchange: 'binance' });
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(stdout).toContain(`session    ${saved['session_id']}\n`);
  expect(stdout).toContain('warning    The key may trade; a key that can only read is enough.\n');
  expect(stdout).toContain(
    'warning    The key expires at 2099-01-01T00:00:00.000Z; register again with a new one',
  );
  expect(stdout).toContain('platform   none: no trusted hardware proves anything');
  for (const hidden of [token, KEY, SECRET]) expect(stdout).not.toContain(hidden);
  expect(enclave.registered).toMatchObject([
    {
      label: 'me',
      ttlSeconds: 300,
      credentials: { apiKey: KEY, secret: SECRET },
      options: {
        accountType: 'futures',
        isSandbox: true,
        apiIntervalMs: 5_000,
        sinceMs: Date.UTC(2026, 0, 1),
        symbols: ['BTC/USDT', 'ETH/USDT'],
      },
    },
  ]);

  const status = await run(cwd, ['--status', file]);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(status.stdout)).toMatchObject({
    account: { unpolled_markets: ['LÜNA/USDT'] },
    metrics: [],
  });
  expect(status.stdout).toContain('L\\u00dcNA');

  const renewed = await run(cwd, [...args, '--continues', file, '--session-file', 'next.json']);
  expect(renewed).toMatchObject({ code: 0, stderr: '' });
  expect(enclave.requests.findLast(({ line }) => line.startsWith('POST'))?.token).toBe(token);

  expect(await run(cwd, ['--end', file])).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(join(cwd, file))).toBe(false);
  expect(enclave.requests.at(-1)).toEqual({ line: 'DELETE /enclave/session', token });
});

it('register-user - reads secrets from standard input', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  const args = [...registration(enclave.url), '--allow-unattested', '--secrets-stdin', '--json'];
  const { code, stdout } = await run(
    cwd,
    args,
    JSON.stringify({ apiKey: KEY, secret: SECRET, password: 'p' }),
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    platform: 'none',
    warnings: ['can_trade', 'expires'],
    keyExpires: '2099-01-01T00:00:00.000Z',
  });
  expect(enclave.registered[0]?.credentials).toEqual({ apiKey: KEY, secret: SECRET, password: 'p' });
});

it('register-user - nobody is asked for secrets on behalf of an enclave without trusted hardware', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  expect(await run(cwd, registration(enclave.url))).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'The enclave runs on no trusted hardware (platform "none"): its operator can read the credentials. [not_attested]\n',
  });
  expect(enclave.requests.map(({ line }) => line)).toEqual(['GET /attestation']);
});

it('register-user - without a terminal it asks for a file', async () => {
  const enclave = await smallEnclave();
  const { code, stderr } = await run(folder(), [...registration(enclave.url), '--allow-unattested']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^API key is missing, and there is no terminal to ask at: name a file\./);
});

it('register-user - a refusal of the enclave is exit code 1, and leaves no file', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  writeFileSync(join(cwd, 'key'), MAY_WITHDRAW, { mode: 0o600 });
  const { code, stdout, stderr } = await run(cwd, [
    ...registration(enclave.url),
    ...FILES,
    '--allow-unattested',
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^The enclave refused the registration \(status 403: the key may withdraw:/);
  expect(readdirSync(cwd).toSorted()).toEqual(['key', 'secret']);
});

it('register-user - a session file is never replaced, and a session without its file is ended', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  const args = [...registration(enclave.url), ...FILES, '--allow-unattested', '--session-file'];
  const taken = await run(cwd, [...args, 'key']);
  expect(taken).toMatchObject({ code: 2, stdout: '' });
  expect(enclave.requests).toEqual([]);
  const lost = await run(cwd, [...args, 'nowhere/session.json']);
  expect(lost).toMatchObject({ code: 1, stdout: '' });
  expect(lost.stderr).toMatch(/cannot be written \(ENOENT\)\. \[output_failed\]\n$/);
  expect(enclave.requests.at(-1)?.line).toBe('DELETE /enclave/session');
});

it('register-user - an attestation is shown, saved, and judged again at its time', async () => {
  const enclave = await smallEnclave();
  const cwd = folder();
  const only = ['--attestation-only', '--enclave-url', enclave.url];
  expect(await run(cwd, only)).toMatchObject({ code: 1, stdout: '' });
  const shown = await run(cwd, [...only, '--allow-unattested']);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^platform {3}none: .*\nversion {4}0\.1\.0\nsettings {3}c{64}\n/);
  const json = await run(cwd, [...only, '--json']);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ verdict: { attested: false, kind: 'unattested' } });
  writeFileSync(join(cwd, 'saved.json'), json.stdout);
  const file = ['--attestation-only', '--allow-unattested', '--attestation-file', 'saved.json'];
  expect(await run(cwd, file)).toMatchObject({ code: 0 });
  expect(await run(cwd, [...file, '--at', '2020-01-01T00:00:00Z'])).toMatchObject({ code: 0 });
  expect(enclave.requests.map(({ line }) => line)).toEqual(
    Array.from({ length: 3 }, () => 'GET /attestation'),
  );
});

it.each([
  ['nowhere.pem', 'cannot be read.'],
  ['key', 'contains no certificate in PEM.'],
])('register-user - certificates of AMD in %s: %s', async (file, clause) => {
  const cwd = folder();
  const args = [...registration('http://127.0.0.1:9'), '--amd-certificates', join(cwd, file)];
  const asked = async () => registerUserCommand.run({ name: 'register-user', args, env: {} });
  await expect(asked()).rejects.toMatchObject({ code: 'not_found', message: `${join(cwd, file)} ${clause}` });
});

it('register-user - nothing answers: exit code 2', async () => {
  const { code, stderr } = await run(folder(), registration('http://127.0.0.1:9'));
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'The enclave at http://127.0.0.1:9 gives no answer (ECONNREFUSED). [no_answer]\n',
  });
});

it.each([
  '--secret',
  '--secret=abc',
  '--api-key',
  '--apiKey',
  '-ApiKey',
  '--API_SECRET',
  '--password',
  '--private-key',
  '--token',
  '--passphrase',
])(
  'register-user - %s is refused with the advice to revoke the key, which is not repeated',
  async (option) => {
    const run = async () =>
      registerUserCommand.run({ name: 'register-user', args: [option, 'abcdefghijk'], env: {} });
    await expect(run()).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^A secret was given as an argument .* revoke this key /) as unknown,
    });
    await expect(run()).rejects.toMatchObject({ message: expect.not.stringContaining('abc') as unknown });
  },
);

const TTL = 'a duration such as 5m or 72h, or a whole number of seconds, from 300 (5m) to 604800 (7d)';
const ME = ['--user', 'me', '--exchange', 'binance'];

it.each<[readonly string[], string]>([
  [['--exchange', 'binance'], '--user is missing.'],
  [['--user', 'me'], '--exchange is missing.'],
  [
    ['--user', 'a b', '--exchange', 'binance'],
    '--user must be 1 to 64 characters of ASCII without white space.',
  ],
  [
    ['--user', 'me', '--exchange', 'Binance!'],
    '--exchange must be the id of an exchange, for example binance.',
  ],
  [[...ME, '--account-type', 'swap'], '--account-type swap: allowed is spot, margin, futures.'],
  [[...ME, '--ttl', '299'], `--ttl 299: must be ${TTL}.`],
  [[...ME, '--ttl', '8d'], `--ttl 8d: must be ${TTL}.`],
  [[...ME, '--ttl', '1500ms'], `--ttl 1500ms: this is no whole number of seconds; allowed is ${TTL}.`],
  [[...ME, '--max-retries', 'x'], '--max-retries x: it must be a whole number.'],
  [[...ME, '--since', 'today'], '--since today: a time is written as 2026-01-01T00:00:00Z.'],
  [
    [...ME, '--expected-pcr0', 'ab'],
    '--expected-pcr0 must be 96 hex digits, or several of them with commas between.',
  ],
  [
    [...ME, '--min-tcb', 'snp=8'],
    '--min-tcb snp=8: it names bootloader, tee, snp and microcode once each, with levels from 0 to 255.',
  ],
  [
    [...ME, '--enclave-url', 'http://a.example'],
    'The address of another machine must begin with https: whoever carries the traffic could read the session token.',
  ],
  [
    ['--attestation-only', '--at', '2026-01-01T00:00:00Z'],
    '--at is for a saved answer: name it with --attestation-file.',
  ],
])('register-user - %j is refused in one sentence', async (args, sentence) => {
  const run = async () => registerUserCommand.run({ name: 'register-user', args, env: {} });
  await expect(run()).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(sentence) as unknown,
  });
});
