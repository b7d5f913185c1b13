import { spawn } from 'node:child_process';

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BrokerEndpoint, BrokerOptions } from '../../src/io/embedded-broker/broker.ts';
import { isRunning, readPidFile } from '../../src/io/embedded-broker/system-process.ts';
import {
  brokerOptions,
  foreignServer,
  freePorts,
  occupy,
  processesOf,
  temporaryFolder,
  testBroker,
  until,
} from './broker-fixtures.ts';

function login(endpoint: BrokerEndpoint) {
  const { url: servers, user, password: pass, inboxPrefix } = endpoint;
  if (user === undefined || pass === undefined || inboxPrefix === undefined)
    throw new Error('not our broker');
  return connect({ servers, user, pass, inboxPrefix, reconnect: false });
}

function pidIn(dir: string): number {
  const pid = readPidFile(join(dir, 'nats-server.pid'));
  if (pid === null) throw new Error('no pid file');
  return pid;
}

/** Of a process or a thread under `/proc`. */
function isStopped(path: string): boolean {
  return / T /.test(readFileSync(`/proc/${path}/stat`, 'latin1'));
}

/** Runs a broker in another program. */
async function runElsewhere(options: BrokerOptions) {
  const script = fileURLToPath(new URL('broker-holder.ts', import.meta.url));
  const holder = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  return holder;
}

/** Runs a broker in another program, kills that program, and gives the id of the broker that it left behind. */
async function leaveBehind(options: BrokerOptions): Promise<number> {
  const holder = await runElsewhere(options);
  const gone = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await gone;
  const pid = pidIn(options.dir);
  onTestFinished(
    () => void (isRunning(pid) && processesOf(options.dir).includes(pid) && process.kill(pid, 'SIGKILL')),
  );
  expect(isRunning(pid)).toBe(true);
  return pid;
}

describe('broker life', () => {
  test('broker life - it starts, reports its version, accepts a login, and leaves no process after a stop', async () => {
    const { broker, options, told } = await testBroker();
    const endpoint = await broker.start();
    expect(endpoint).toMatchObject({
      url: `nats://127.0.0.1:${options.port}`,
      wsUrl: `ws://127.0.0.1:${options.wsPort}`,
      owned: true,
      adopted: false,
    });
    expect(endpoint.describes).toMatch(
      /embedded nats-server \d+\.\d+\.\d+ \(truebit-aggregator-[0-9a-f]{8}, process \d+/,
    );
    expect(endpoint.describes).not.toContain(endpoint.password);
    await (await login(endpoint)).close();
    expect(processesOf(options.dir)).toHaveLength(1);
    await broker.stop();
    expect(processesOf(options.dir)).toEqual([]);
    expect(existsSync(join(options.dir, 'nats-server.pid'))).toBe(false);
    expect(told).toEqual([]);
  });

  test('broker life - only the owner can read its secrets', async () => {
    const { broker, options } = await testBroker();
    await broker.start();
    expect(statSync(options.dir).mode & 0o777).toBe(0o700);
    for (const file of ['credentials.json', 'nats-server.conf', 'nats-server.log']) {
      expect(statSync(join(options.dir, file)).mode & 0o777).toBe(0o600);
    }
  });

  test('broker life - it runs in a process group of its own, without the environment of the program', async () => {
    const { broker, options } = await testBroker();
    await broker.start();
    const pid = pidIn(options.dir);
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ');
    expect(Number(fields?.[2])).toBe(pid);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)).toEqual([
      `PATH=${options.searchPath}`,
    ]);
  });

  test('broker life - streams and passwords survive a stop', async () => {
    const options = await brokerOptions();
    const first = await testBroker(options);
    const before = await first.broker.start();
    const connection = await login(before);
    await (await jetstreamManager(connection)).streams.add({
      name: 'TRUEBIT_INGEST',
      subjects: ['ingest.>'],
    });
    await connection.close();
    await first.broker.stop();
    const after = await (await testBroker(options)).broker.start();
    expect(after.password).toBe(before.password);
    const again = await login(after);
    expect((await (await jetstreamManager(again)).streams.info('TRUEBIT_INGEST')).config.subjects).toEqual([
      'ingest.>',
    ]);
    await again.close();
  });

  test('broker life - a server that dies is restarted, and this is reported once', async () => {
    const { broker, options, told } = await testBroker();
    const endpoint = await broker.start();
    for (const round of [1, 2, 3]) {
      const pid = pidIn(options.dir);
      process.kill(pid, 'SIGKILL');
      await until(() => told.filter((word) => word === 'up').length === round);
      expect(pidIn(options.dir)).not.toBe(pid);
      await (await login(endpoint)).close();
    }
    expect(told.filter((word) => word === 'up' || word === 'down')).toEqual([
      'down',
      'up',
      'down',
      'up',
      'down',
      'up',
    ]);
    await broker.stop();
    expect(processesOf(options.dir)).toEqual([]);
  });

  test('broker life - while a restart fails it keeps trying, and complains once', async () => {
    const { broker, options, told } = await testBroker();
    await broker.start();
    const configuration = join(options.dir, 'nats-server.conf');
    const good = readFileSync(configuration);
    writeFileSync(configuration, 'port: none\n');
    process.kill(pidIn(options.dir), 'SIGKILL');
    await until(() => told.some((word) => word.startsWith('error: ')));
    const tries = (): number =>
      readFileSync(join(options.dir, 'nats-server.log'), 'utf8').split('nats-server: ').length;
    const before = tries();
    await until(() => tries() > before + 1);
    expect(told.filter((word) => word.startsWith('error: '))).toHaveLength(1);
    expect(told.filter((word) => word === 'down')).toHaveLength(1);
    writeFileSync(configuration, good);
    await until(() => told.includes('up'));
  });

  test('broker life - a stop leaves no process, whatever is under way', async () => {
    const folder = temporaryFolder();
    // Each round stops at another moment of a start, or of a restart after a kill.
    for (const turns of [0, 1, 2, 3, 5, 8, 13, 21, 34]) {
      const dir = join(folder, `start-${turns}`);
      const { broker } = await testBroker({ dir });
      const starting = broker.start().catch((error: unknown) => error);
      for (let turn = 0; turn < turns * 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await broker.stop();
      await starting;
      expect(processesOf(dir)).toEqual([]);
    }
    for (const turns of [0, 1, 5, 50, 500, 2_000, 8_000]) {
      const dir = join(folder, `restart-${turns}`);
      const { broker, told } = await testBroker({ dir });
      await broker.start();
      process.kill(pidIn(dir), 'SIGKILL');
      if (turns > 0) await until(() => told.includes('down'));
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await broker.stop();
      expect(processesOf(dir)).toEqual([]);
    }
  });

  test('broker life - a server that ignores SIGTERM is killed within the time limit', async () => {
    const { broker, options } = await testBroker();
    await broker.start();
    process.kill(pidIn(options.dir), 'SIGSTOP');
    await broker.stop();
    expect(processesOf(options.dir)).toEqual([]);
  });

  test('broker life - a start after the stop throws and leaves no process', async () => {
    const { broker, options } = await testBroker();
    await broker.stop();
    await expect(broker.start()).rejects.toThrow('the broker is being stopped');
    expect(processesOf(options.dir)).toEqual([]);
  });

  test('broker life - TLS for the WebSocket listener is checked before the start', async () => {
    const { broker } = await testBroker({ tlsCert: '/nowhere/cert.pem', tlsKey: '/nowhere/key.pem' });
    await expect(broker.start()).rejects.toMatchObject({
      code: 'broker_start_failed',
      message: expect.stringContaining('/nowhere/cert.pem'),
    });
  });
});

describe('broker take-over', () => {
  test('broker take-over - a broker left by a killed program is taken over, and stopped with the new program', async () => {
    const options = await brokerOptions();
    const pid = await leaveBehind(options);
    const { broker } = await testBroker(options);
    const endpoint = await broker.start();
    expect(endpoint).toMatchObject({ owned: true, adopted: true });
    expect(pidIn(options.dir)).toBe(pid);
    await (await login(endpoint)).close();
    await broker.stop();
    expect(isRunning(pid)).toBe(false);
    expect(processesOf(options.dir)).toEqual([]);
  });

  test('broker take-over - a broker of a running program is never taken over, whatever the settings', async () => {
    const options = await brokerOptions();
    const holder = await runElsewhere(options);
    const pid = pidIn(options.dir);
    for (const others of [options, { ...(await brokerOptions()), dir: options.dir }]) {
      const { broker } = await testBroker(others);
      await expect(broker.start()).rejects.toMatchObject({
        code: 'broker_folder_in_use',
        message: expect.stringMatching(
          new RegExp(
            `^The folder ${options.dir} .* in use by another aggregator \\(pid ${holder.pid} on .+\\): set`,
          ),
        ),
      });
      await broker.stop();
      expect(processesOf(options.dir)).toEqual([pid]);
    }
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    expect(await (await testBroker(options)).broker.start()).toMatchObject({ owned: true, adopted: true });
    expect(pidIn(options.dir)).toBe(pid);
  });

  test('broker take-over - a broker that was taken over and dies later is restarted', async () => {
    const options = await brokerOptions();
    const pid = await leaveBehind(options);
    const { broker, told } = await testBroker(options);
    const endpoint = await broker.start();
    process.kill(pid, 'SIGKILL');
    await until(() => told.includes('up'));
    expect(pidIn(options.dir)).not.toBe(pid);
    await (await login(endpoint)).close();
  });

  test('broker take-over - with other settings the left-over broker is replaced, not kept on the old port', async () => {
    const options = await brokerOptions();
    const pid = await leaveBehind(options);
    const { broker, options: changed } = await testBroker({ ...(await brokerOptions()), dir: options.dir });
    const endpoint = await broker.start();
    expect(endpoint).toMatchObject({ adopted: false, url: `nats://127.0.0.1:${changed.port}` });
    expect(isRunning(pid)).toBe(false);
    expect(processesOf(options.dir)).toHaveLength(1);
  });

  test('broker take-over - a left-over broker that hangs is killed and replaced', {
    timeout: 120_000,
  }, async () => {
    const options = await brokerOptions();
    const pid = await leaveBehind(options);
    const { broker } = await testBroker({ ...options, readyTimeoutMs: 5_000 });
    process.kill(pid, 'SIGSTOP');
    // The signal takes a moment to reach every thread; until then the server answers.
    await until(() => readdirSync(`/proc/${pid}/task`).every((thread) => isStopped(`${pid}/task/${thread}`)));
    expect(await broker.start()).toMatchObject({ owned: true, adopted: false });
    expect(isRunning(pid)).toBe(false);
  });

  test('broker take-over - a process that reuses the recorded id is not touched', async () => {
    const { broker, options } = await testBroker();
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
    onTestFinished(() => void bystander.kill('SIGKILL'));
    mkdirSync(options.dir);
    writeFileSync(join(options.dir, 'nats-server.pid'), String(bystander.pid));
    expect(await broker.start()).toMatchObject({ owned: true, adopted: false });
    await broker.stop();
    expect(isRunning(bystander.pid ?? 0)).toBe(true);
  });
});

describe('broker neighbours', () => {
  test('broker neighbours - EMBEDDED_NATS=auto uses a foreign server and names it', async () => {
    const [foreignPort] = (await freePorts(1)) as [number];
    const foreign = await foreignServer(foreignPort, 'somebody');
    const { broker, options } = await testBroker({ foreignPort });
    const endpoint = await broker.start();
    expect(endpoint).toMatchObject({
      url: `nats://localhost:${foreignPort}`,
      owned: false,
      adopted: false,
    });
    expect(endpoint.describes).toMatch(/somebody \(\d+\.\d+\.\d+\)/);
    expect(existsSync(options.dir)).toBe(false);
    await broker.stop();
    expect(foreign.exitCode).toBe(null);
  });

  test('broker neighbours - EMBEDDED_NATS=on starts a broker beside a foreign server', async () => {
    const [foreignPort] = (await freePorts(1)) as [number];
    await foreignServer(foreignPort, 'somebody');
    const { broker } = await testBroker({ foreignPort, mode: 'on' });
    expect(await broker.start()).toMatchObject({ owned: true });
  });

  test('broker neighbours - a foreign server on the port of the embedded broker is named', async () => {
    const options = await brokerOptions({ mode: 'on' });
    await foreignServer(options.port, 'somebody');
    const { broker } = await testBroker(options);
    await expect(broker.start()).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringMatching(
        new RegExp(`${options.port} \\(EMBEDDED_NATS_PORT\\).*somebody.*NATS_URL`),
      ),
    });
  });

  test.each(['auto', 'on'] as const)(
    "broker neighbours - another aggregator's broker is refused (%s)",
    async (mode) => {
      const theirs = await testBroker();
      await theirs.broker.start();
      const { port } = theirs.options;
      const ours = await testBroker({ port, foreignPort: port, mode });
      const name = /truebit-aggregator-[0-9a-f]{8}/;
      const refused = ours.broker.start();
      await expect(refused).rejects.toMatchObject({
        code: 'broker_foreign',
        message: expect.stringMatching(name),
      });
      await expect(refused).rejects.toThrow(
        /EMBEDDED_NATS_PORT.*NATS_URL=nats:\/\/127\.0\.0\.1:\d+ with NATS_PASSWORD/,
      );
      expect(processesOf(theirs.options.dir)).toHaveLength(1);
    },
  );

  test("broker neighbours - another aggregator's broker at the usual port is not taken for a foreign server", async () => {
    const theirs = await testBroker();
    await theirs.broker.start();
    const ours = await testBroker({ foreignPort: theirs.options.port });
    expect(await ours.broker.start()).toMatchObject({
      owned: true,
      url: `nats://127.0.0.1:${ours.options.port}`,
    });
  });

  test('broker neighbours - a copy of the broker folder that is in use elsewhere is refused', async () => {
    const theirs = await testBroker();
    await theirs.broker.start();
    const { dir: _, ...others } = theirs.options;
    const ours = await testBroker(others);
    mkdirSync(ours.options.dir);
    copyFileSync(join(theirs.options.dir, 'credentials.json'), join(ours.options.dir, 'credentials.json'));
    await expect(ours.broker.start()).rejects.toMatchObject({ code: 'broker_foreign' });
    expect(processesOf(theirs.options.dir)).toHaveLength(1);
  });

  test.each(['port', 'wsPort'] as const)(
    'broker neighbours - a taken %s is reported with its setting',
    async (which) => {
      const { broker, options } = await testBroker();
      await occupy(options[which]);
      const setting = which === 'port' ? 'EMBEDDED_NATS_PORT' : 'EMBEDDED_NATS_WS_PORT';
      await expect(broker.start()).rejects.toMatchObject({
        code: 'port_in_use',
        message: expect.stringMatching(
          new RegExp(`Port ${options[which]} \\(${setting}\\) is taken .* set ${setting}`),
        ),
      });
      expect(processesOf(options.dir)).toEqual([]);
    },
  );

  test('broker neighbours - an address of another machine is reported', async () => {
    const { broker } = await testBroker({ host: '192.0.2.1' });
    await expect(broker.start()).rejects.toThrow(/EMBEDDED_NATS_HOST/);
  });

  test('broker neighbours - a folder that cannot be written is reported', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { broker } = await testBroker({ dir: join(file, 'broker') });
    await expect(broker.start()).rejects.toMatchObject({ code: 'folder_not_writable' });
  });

  test('broker neighbours - a missing nats-server is reported', async () => {
    const { broker } = await testBroker({ binary: '/nowhere/nats-server' });
    await expect(broker.start()).rejects.toMatchObject({ code: 'broker_binary_missing' });
  });
});
