// `cluster up` with real processes: all of them start, come back when they are killed, and stop in order; files are kept.

import { readFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning } from '../../../src/io/embedded-broker/system-process.ts';
import { ClusterChild, PrefixedLines } from '../../../src/federation/cli/cluster-child.ts';
import type { RunningCluster } from '../../../src/federation/cli/cluster-files.ts';
import { runCommand } from '../../support/command.ts';
import { type LocalCluster, NEWEST_BROKER, startLocalCluster } from '../../support/local-cluster.ts';
import { tasks } from '../../support/messages.ts';
import { connectTo, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';

const PATH = process.env['PATH'] ?? '';

function pidsOf({ brokers, splitter, replicas }: RunningCluster): Map<string, number> {
  return new Map([...brokers, splitter, ...replicas].map(({ name, pid }) => [name, pid ?? 0]));
}

/** Messages are counted in both replicas; the other commands of a cluster see it, and seed a third replica from it. */
async function expectWholeCluster(cluster: LocalCluster, folder: string): Promise<void> {
  const { brokers, replicas } = cluster.running();
  const passwords = JSON.parse(readFileSync(join(cluster.folder, 'passwords.json'), 'utf8')) as {
    readonly aggregator: string;
  };
  const monitors = await Promise.all(brokers.map(({ url }) => connectTo(url)));
  for (const [index, monitor] of monitors.entries())
    for (const { subject, payload } of tasks(index * 20, index * 20 + 20)) monitor.publish(subject, payload);
  for (const { http } of replicas)
    await until(`60 tasks at ${http}`, async () => {
      const answer = await fetch(`${http}/api/federation/network-stats`);
      return ((await answer.json()) as { readonly totalTasks: number }).totalTasks === 60;
    });
  const run = (name: string) => runCommand(['cluster', name, '--dir', cluster.folder], { PATH });
  const status = await until('a cluster that is well', async () => {
    const answer = await run('status');
    return answer.code === 0 ? answer : null;
  });
  expect(status.stdout).toMatch(/^publisher {2}replica-\d$/m);
  expect(status.stdout.match(/^shard +TRUEBIT_INGEST_\d: .*, split by \S+$/gm)).toHaveLength(3);
  const verify = await run('verify');
  expect(verify.stdout).toMatch(/^tasks +60 equal$/m);
  expect(verify).toMatchObject({ code: 0, stdout: expect.stringMatching(/^verdict +clean$/m) as unknown });

  const settings = {
    PATH,
    ...NEWEST_BROKER,
    CLUSTER: 'local',
    NATS_URL: brokers.map(({ url }) => url).join(','),
    NATS_USER: 'aggregator',
    NATS_PASSWORD: passwords.aggregator,
  };
  const create = ['keys', 'create', '--permissions', 'admin', '--name', 'seed', '--json'];
  const key = await runCommand(create, { ...settings, DB_PATH: replicas[0]?.database ?? '' });
  expect(key.code, key.stderr).toBe(0);
  const file = join(folder, 'key');
  writeFileSync(file, (JSON.parse(key.stdout) as { readonly key: string }).key);
  const third = { ...settings, REPLICA: 'replica-3', DB_PATH: join(folder, 'third.db') };
  const seeded = await runCommand(['cluster', 'seed', '--token-file', file, '--json'], third);
  expect(seeded.code, seeded.stderr).toBe(0);
  expect(JSON.parse(seeded.stdout)).toMatchObject({ tasks: 60, replaced: null });
}

describe('cluster up', () => {
  it('cluster up - wrong usage ends with 2', async () => {
    for (const args of [
      ['cluster'],
      ['cluster', 'down'],
      ['cluster', 'up', '--port', '1'],
      ['cluster', 'up', 'x'],
    ])
      expect({ args, code: (await runCommand(args, { PATH })).code }).toEqual({ args, code: 2 });
  });

  it('cluster up - a nats-server that is too old is refused with the remedy, and nothing is made', async () => {
    const { folder } = await testFolder('cluster-old');
    const binary = join(folder, 'nats-server');
    writeFileSync(binary, '#!/bin/sh\necho "nats-server: v2.11.9"\n', { mode: 0o755 });
    const dir = join(folder, 'cluster');
    const { code, stderr } = await runCommand(['cluster', 'up', '--dir', dir], {
      PATH,
      NATS_SERVER_BIN: binary,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /2\.11\.9.* 2\.12\.0 or newer.*CLUSTER_UNSAFE_BROKER=on .*NATS_SERVER_BIN.* \[broker_start_failed\]\n$/,
    );
    expect(statSync(dir, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('cluster up - passwords that cannot be read are no reason to make new ones', async () => {
    const { folder } = await testFolder('cluster-passwords');
    const dir = join(folder, 'cluster');
    mkdirSync(dir);
    writeFileSync(join(dir, 'passwords.json'), '{"aggregator":"a b"}');
    const { code, stderr } = await runCommand(['cluster', 'up', '--dir', dir], { PATH, ...NEWEST_BROKER });
    expect(code).toBe(1);
    expect(stderr).toMatch(/passwords\.json does not hold .*\[broker_start_failed\]\n/);
  });

  it('cluster up - a nats-server that is older than the one that wrote a store is refused, and the store is left', async () => {
    const { folder } = await testFolder('cluster-store');
    const store = join(folder, 'cluster/broker-2/jetstream');
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, 'nats-server.version'), '98.7.6\n');
    const dir = join(folder, 'cluster');
    const { code, stderr } = await runCommand(['cluster', 'up', '--dir', dir], { PATH, ...NEWEST_BROKER });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /nats-server 98\.7\.6 wrote .*broker-2.*NATS_SERVER_BIN.*\[broker_store_newer\]\n$/,
    );
    expect(readdirSync(store)).toEqual(['nats-server.version']);
  });

  it('cluster up - all start, come back when killed, and stop in order; a second start keeps the files, ends what was left, and counts', async () => {
    const { folder } = await testFolder('cluster-up');
    const dir = join(folder, 'cluster');
    // A taken port is passed over.
    const taken = createServer().listen(8180, '127.0.0.1');
    taken.on('error', () => undefined);
    onTestFinished(() => void taken.close());
    const first = startLocalCluster(dir);
    await first.ready();
    const running = first.running();
    for (const { name, url } of running.brokers) expect(first.said()).toContain(`${name}: ${url}`);
    for (const { name, http } of running.replicas) {
      expect(first.said()).toContain(`${name}: ${http}`);
      expect(http).not.toMatch(/:8180$/);
      // One replica may catch up for a moment after both were ready.
      await until(`${name} to be ready`, async () => (await fetch(`${http}/readyz`)).status === 200);
    }
    expect(first.said()).toMatch(/^broker-2 {2}\| .*Server is ready$/m);
    expect(first.said()).toMatch(/^replica-1 \| .*ready to aggregate/m);
    expect(statSync(join(dir, 'passwords.json')).mode & 0o777).toBe(0o600);

    const again = await runCommand(['cluster', 'up', '--dir', dir], { PATH, ...NEWEST_BROKER });
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain(`A cluster runs in ${dir} already`);

    const before = pidsOf(running);
    for (const name of ['broker-3', 'replica-2']) process.kill(before.get(name) ?? 0, 'SIGKILL');
    for (const name of ['broker-3', 'replica-2']) {
      await until(`${name} to come back`, () => {
        const pid = pidsOf(first.running()).get(name) ?? 0;
        return pid !== 0 && pid !== before.get(name);
      });
      expect(first.said()).toContain(`${name} ended (signal SIGKILL); it is started again in 1 s`);
    }

    // What outlives it is ended by the next start. (A broker that prints something then ends by itself.)
    const left = pidsOf(first.running());
    first.process.kill('SIGKILL');
    await first.exit;
    expect([...left.values()].filter(isRunning).length).toBeGreaterThanOrEqual(3);
    const second = startLocalCluster(dir);
    await second.ready();
    expect([...left.values()].filter(isRunning)).toEqual([]);
    expect(second.said()).toMatch(/replica-1 of an earlier start still runs \(process \d+\); it is ended/);

    await expectWholeCluster(second, folder);

    const last = pidsOf(second.running());
    second.process.kill('SIGINT');
    expect(await second.exit).toBe(0);
    expect([...last.values()].filter(isRunning)).toEqual([]);
    // While a replica or the splitter commits, every broker answers.
    const afterSignal = second.said().slice(second.said().indexOf('SIGINT: stopping'));
    expect(afterSignal.match(/^(splitter|replica-\d) +\| .* stopped code=0$/gm)).toHaveLength(3);
    expect(afterSignal).not.toMatch(/broker: (disconnected|lost)/);
  });

  it('cluster up - a child that ends at once is started ten times again, and then given up with its reason', async () => {
    const warnings: string[] = [];
    const gaveUp = Promise.withResolvers<Error>();
    let starts = 0;
    const child = new ClusterChild({
      name: 'broker-1',
      program: '/bin/sh',
      words: ['-c', 'exit 3'],
      env: {},
      restartAfterMs: 1,
      log: { info: () => undefined, warn: (sentence) => void warnings.push(sentence) },
      started: () => (starts += 1),
      fatal: gaveUp.resolve,
    });
    await child.start();
    expect((await gaveUp.promise).message).toMatch(
      /^broker-1 ended 11 times within a minute, the last time with exit code 3:/,
    );
    expect(starts).toBe(11);
    expect(warnings).toEqual(Array(10).fill('broker-1 ended (exit code 3); it is started again in 0.001 s'));
    await child.stop();
  });
});

describe('prefixed lines', () => {
  it('prefixed lines - every line has the name before it, whatever parts it came in; lines that are no news are left out', () => {
    let printed = '';
    const lines = new PrefixedLines(
      'replica-1',
      (text) => (printed += text),
      (line) => line !== 'dull',
    );
    for (const part of ['on', 'e\ntwo\ndu', 'll\nth', 'ree']) lines.add(part);
    expect(printed).toBe('replica-1 | one\nreplica-1 | two\n');
    lines.end();
    lines.end();
    expect(printed).toBe('replica-1 | one\nreplica-1 | two\nreplica-1 | three\n');
    lines.add('x'.repeat(5_000));
    expect(printed).toMatch(/\nreplica-1 \| x{5000}\n$/);
  });
});
