// The enclave as a process of its own, and kills of both: every summary is stored once.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../src/io/embedded-broker/system-process.ts';
import { systemTimers, type Timers } from '../../../src/lib/timers.ts';
import { openReader } from '../../../src/store/database.ts';
import { until } from '../../support/until.ts';
import { TestService } from './accounts-service.ts';

const PROGRAM = fileURLToPath(new URL('enclave-program.ts', import.meta.url));
const SERVICE = fileURLToPath(new URL('accounts-service-program.ts', import.meta.url));
/** Waits before a restart are short. */
const QUICK: Timers = { ...systemTimers, after: (ms, run) => systemTimers.after(Math.min(ms, 200), run) };

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'enclave-'));
  const [database, socketPath, plan] = ['trades.db', 'e.sock', 'plan'].map((name) => join(folder, name));
  if (database === undefined || socketPath === undefined || plan === undefined) throw new Error('no path');
  const env = { PATH: process.env['PATH'] ?? '', ENCLAVE_SOCKET: socketPath, PLAN: plan };
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { database, socketPath, env, want: (summaries: number) => writeFileSync(plan, `${summaries}`) };
}
type Place = ReturnType<typeof place>;

const enclaveOf = ({ socketPath, env }: Place, more: Readonly<Record<string, string>> = {}) => ({
  socketPath,
  process: { main: PROGRAM, nodeFlags: ['--inspect=0'], env: { ...env, ...more } },
});

async function startService(at: Place, more: Readonly<Record<string, string>> = {}, timers = systemTimers) {
  const service = new TestService(at.database, enclaveOf(at, more), { timers });
  onTestFinished(() => service.stop());
  return service.start();
}

/** An enclave that somebody else started, and that listens already; killed with the test. */
async function startEnclave(
  { env, socketPath }: Place,
  more: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  expect(existsSync(socketPath)).toBe(false);
  const enclave = ending(spawn(process.execPath, [PROGRAM], { env: { ...env, ...more }, stdio: 'ignore' }));
  await until('its socket', () => existsSync(socketPath));
  return enclave;
}

function ending(child: ChildProcess): ChildProcess {
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const ended = (child: ChildProcess) =>
  new Promise<string>((resolve) => child.once('exit', (code, signal) => resolve(signal ?? `${code}`)));

const linked = (service: TestService) =>
  until('the link', () => (service.accounts.view.isLinked === true ? service.accounts.enclave : null));

/** The summaries of the database, as `account:seq`, in the order of delivery. */
function storedIn(path: string): readonly string[] {
  const database = openReader(path);
  const rows = database
    .prepare(
      "SELECT c.client_id || ':' || o.seq AS name FROM outbox_rows o JOIN clients c ON c.number = o.client ORDER BY o.place",
    )
    .pluck()
    .all() as string[];
  database.close();
  return rows;
}

/** Each of three accounts has the summaries 1 to `count`, once and in order. */
function expectAll(names: readonly string[], count: number): void {
  const accounts = [...new Set(names.map((name) => name.split(':')[0]))];
  expect(accounts).toHaveLength(3);
  for (const account of accounts) {
    const seqs = names
      .filter((name) => name.startsWith(`${account}:`))
      .map((name) => Number(name.split(':')[1]));
    expect(seqs).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  }
}

describe('enclave process', () => {
  it('enclave process - is started hardened, and ends in order with the service', async () => {
    const at = place();
    at.want(3);
    const service = await startService(at);
    const { processId } = await linked(service);
    const words = readFileSync(`/proc/${processId}/cmdline`, 'utf8').split('\0');
    expect(words).toEqual(expect.arrayContaining(['--disable-sigusr1', '--report-exclude-env', 'enclave']));
    expect(words).not.toContain('--inspect=0');
    expect(readFileSync(`/proc/${processId}/limits`, 'utf8')).toMatch(/Max core file size +0 +/);
    await until('the summaries', () => service.names.length === 9);
    await service.stop();
    expect(isRunning(processId)).toBe(false);
    expectAll(storedIn(at.database), 3);
  });

  it('enclave process - a killed one is started again and goes on where its checkpoints end', async () => {
    const at = place();
    const service = await startService(at, {}, QUICK);
    for (const [kills, summaries] of [
      [1, 4],
      [2, 9],
      [3, 15],
    ] as const) {
      at.want(summaries);
      const { processId } = await linked(service);
      await until('some', () => service.names.length > (summaries - 3) * 3);
      process.kill(processId, 'SIGKILL');
      await until('the next one', async () => service.accounts.view.link.links > kills);
    }
    await until('all', () => service.names.length === 45);
    await service.stop();
    expectAll(storedIn(at.database), 15);
    expect(service.names).toEqual(storedIn(at.database));
  });

  it('enclave process - the service dies between commit and answer, and every summary is stored once', async () => {
    const at = place();
    at.want(40);
    const enclave = await startEnclave(at);
    for (let dieAfter = 1; dieAfter <= 4; dieAfter++) {
      const env = { ...at.env, DIE_AFTER: `${dieAfter}` };
      const service = spawn(process.execPath, [SERVICE, at.database, at.socketPath], {
        env,
        stdio: 'ignore',
      });
      expect(await ended(ending(service))).toBe('SIGKILL');
      expect(isRunning(enclave.pid ?? 0)).toBe(true);
    }
    const last = new TestService(at.database, { socketPath: at.socketPath });
    onTestFinished(() => last.stop());
    await last.start();
    await until('all', () => storedIn(at.database).length >= 120);
    await until('the answers', () => last.accounts.view.unstored === 0);
    expect(last.accounts.view.link.repeated).toBeGreaterThan(0);
    await last.stop();
    expectAll(storedIn(at.database), 40);
  });

  it('enclave process - one of an earlier service is taken up, ends with the new one, and is replaced if it dies', async () => {
    const at = place();
    at.want(2);
    const earlier = await startEnclave(at);
    const first = await startService(at, {}, QUICK);
    expect((await linked(first)).processId).toBe(earlier.pid);
    await until('the word', () => first.log.some((line) => line.includes('runs already, and is taken up')));
    const gone = ended(earlier);
    earlier.kill('SIGKILL');
    await gone;
    const { processId } = await until('another one', () => {
      const { enclave, view } = first.accounts;
      return view.isLinked === true && enclave?.processId !== earlier.pid ? enclave : null;
    });
    await until('the summaries', () => first.names.length === 6);
    await first.stop();
    expect(isRunning(processId)).toBe(false);
    const left = await startEnclave(at);
    const second = await startService(at, {}, QUICK);
    await linked(second);
    await until('the word', () => second.log.some((line) => line.includes('runs already')));
    const end = ended(left);
    await second.stop();
    expect(await end).toBe('0');
  });

  it('enclave process - one with another seal key is left alone, and ours is tried again', async () => {
    const at = place();
    const foreign = await startEnclave(at, { SEAL_ID: 'seal-two' });
    const service = await startService(at, {}, QUICK);
    expect((await linked(service)).sealId).toBe('seal-two');
    await until('the word', () =>
      service.log.some((line) => line.includes('its process ended (exit code 1)')),
    );
    const gone = ended(foreign);
    foreign.kill('SIGKILL');
    await gone;
    await until(
      'ours',
      () => service.accounts.view.isLinked === true && service.accounts.enclave?.sealId === 'seal-one',
    );
  });

  it('enclave process - a child that does not end is killed', async () => {
    const at = place();
    const service = await startService(at, {}, QUICK);
    const { processId } = await linked(service);
    process.kill(processId, 'SIGSTOP');
    await service.stop();
    expect(isRunning(processId)).toBe(false);
  });
});
