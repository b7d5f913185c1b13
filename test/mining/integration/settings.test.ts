// The commands of mining as a person runs them, and the running program's settings: exit codes, SIGHUP, the log file,
// the webhook.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../../support/command.ts';
import { flatFile, miningFolder, miningPlace, startMining, startUpstream } from '../../support/mining.ts';
import { until } from '../../support/until.ts';

const UPSTREAM = { name: 'a', url: 'http://127.0.0.1:9/' };

it('mining commands - exit codes, and sentences that name the file', async () => {
  const folder = miningFolder('commands');
  const mining = (...args: readonly string[]) =>
    runCommand(['mining', ...args], { AGGREGATOR_CALLED_FROM: folder });
  const standard = join(folder, 'aggregator_config.yaml');
  for (const args of [[], ['--check'], ['backup', 'b.db'], ['status'], ['check-config']]) {
    const { code, stdout, stderr } = await mining(...args);
    expect({ args, code, stdout }).toEqual({ args, code: args[0] === 'status' ? 2 : 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^There is no settings file ${standard}: .*\\[settings_invalid\\]\\n$`),
    );
  }
  const missing = await mining('-c', 'other.yaml');
  expect(missing).toEqual({
    code: 1,
    stdout: '',
    stderr: `The settings file ${join(folder, 'other.yaml')} does not exist. [settings_invalid]\n`,
  });
  // A pipe without a writer would hold up a program that reads it.
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(await mining('-c', 'pipe')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not a file'),
  });
  writeFileSync(standard, JSON.stringify({ upstream: UPSTREAM, cache: { pool_timeout: 1 } }));
  const wrong = await mining('--check');
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toBe(
    `${standard} has 1 mistake:\n  line 1, column ${JSON.stringify({ upstream: UPSTREAM, cache: {} }).length - 1}: cache.pool_timeout: no key has this name; the keys here are mining_info_ttl_secs, pool_timeout_secs [settings_invalid]\n`,
  );
  writeFileSync(standard, JSON.stringify({ upstream: UPSTREAM }));
  const right = await mining('--check');
  expect(right).toMatchObject({ code: 0, stderr: '' });
  expect(right.stdout).toMatch(
    /^listen_address +0\.0\.0\.0:8080 +default\n(.*\n)+.*aggregator_config\.yaml is right\.\n$/,
  );
  expect(existsSync(join(folder, 'aggregator.db')) || existsSync(join(folder, 'aggregator.log'))).toBe(false);
  expect(await mining('--version')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^aggregator \d+\.\d+\.\d+\n$/),
  });
  expect(await mining('backup', 'b.db')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('check database.path'),
  });
  for (const args of [
    ['--demo', '-c', 'x'],
    ['-c'],
    ['--config', ''],
    ['nothing'],
    ['--wrong'],
    ['extra', '-c', 'x'],
  ]) {
    expect({ args, code: (await mining(...args)).code }).toEqual({ args, code: 2 });
  }
});

it('mining settings - SIGHUP changes what can change, names the rest, and a wrong file changes nothing; the log is in the file too', async () => {
  const place = await miningPlace('sighup');
  const upstream = await startUpstream();
  const base = flatFile(place, upstream.port, { logging: { level: 'info' } });
  const program = await startMining(place, base, { LOG_LEVEL: '' });
  const logFile = join(place.folder, 'aggregator.log');
  const said = (text: string) => until(text, () => program.log.some(({ msg }) => msg.includes(text)));
  const reread = async (file: object, text: string) => {
    writeFileSync(place.configPath, JSON.stringify(file));
    program.process.kill('SIGHUP');
    await said(text);
  };
  await said('ready for miners');
  await reread(base, 'settings: read again, nothing has changed');
  renameSync(logFile, `${logFile}.moved`);
  const login = { auth: { enabled: true, basic_auth: { username: 'u', password: 'geheim' } } };
  await reread(
    { ...base, verify: 'off', server: login, block_time_secs: 60 },
    'settings: read again, changed: verify, server.auth; only a restart changes block_time_secs',
  );
  const asked = await fetch(`${program.miners}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"jsonrpc":"2.0","id":1,"method":"get_mining_info"}',
  });
  expect(await asked.json()).toMatchObject({ error: { code: -32004 } });
  await reread({ ...base, verifi: 'all' }, 'verifi: no key has this name; is verify meant?');
  expect(program.log.find(({ msg }) => msg.includes('verifi'))).toMatchObject({
    level: 'error',
    msg: expect.stringMatching(
      /^settings: not read again, and nothing has changed: .*aggregator_config\.yaml has 1 mistake/,
    ),
  });
  expect(await program.stop('SIGTERM')).toBe(0);
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  const moved = readFileSync(`${logFile}.moved`, 'utf8').trimEnd().split('\n');
  expect([...moved, ...lines].map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
    program.log.map(({ msg }) => msg),
  );
  expect(JSON.stringify(program.log)).not.toContain('geheim');
  expect(existsSync(join(place.folder, 'aggregator.db'))).toBe(true);
});

it('mining alarms - the webhook is told of states and of what an operator must mend, and never of a password', async () => {
  const told: { readonly type: string; readonly text: string }[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      told.push(JSON.parse(text) as (typeof told)[0]);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void receiver.close());
  const place = await miningPlace('webhook');
  const upstream = await startUpstream({ auth: { type: 'basic', user: 'u', password: 'p' } });
  const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/geheim`;
  const file = flatFile(place, upstream.port, { alarms: { webhook } });
  const program = await startMining(place, file);
  await until('the operator is called', () => told.some(({ type }) => type === 'operator'));
  expect(told.find(({ type }) => type === 'operator')?.text).toMatch(
    /^Upstream pool needs its operator: get_mining_info: /,
  );
  const right = { ...file, upstream: { name: 'pool', url: `http://u:p@127.0.0.1:${upstream.port}/` } };
  writeFileSync(place.configPath, JSON.stringify(right));
  program.process.kill('SIGHUP');
  await until('it is ready', () =>
    told.some(({ type, text }) => type === 'upstream_state' && text.includes('is ready')),
  );
  expect(program.log.filter(({ msg }) => msg.includes('needs its operator'))).toHaveLength(1);
  expect(await program.stop('SIGTERM')).toBe(0);
  expect(JSON.stringify(program.log)).not.toContain('geheim');
});
