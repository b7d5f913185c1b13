// `cluster verify` as a person runs it, over a real broker: replicas answer from real databases.

import { describe, expect, it, onTestFinished } from 'vitest';
import { AskResponder } from '../../../src/federation/cluster/ask-responder.ts';
import { CLUSTER_SUBJECTS, type Place } from '../../../src/federation/domain/cluster.ts';
import { readDigests } from '../../../src/federation/workers/digests.ts';
import { runCommand } from '../../support/command.ts';
import type { NatsCluster } from '../../support/nats-cluster.ts';
import { connectTo, launchNatsCluster, testFolder as programFolder } from '../../support/program.ts';
import { hash, NOW_MS, received } from '../store/events.ts';
import { Opened, testFolder } from '../store/opened.ts';

const PATH = process.env['PATH'] ?? '';
const SPEAKS_MS = 200;

/** A replica that speaks and answers, over a database with these tasks. */
async function startReplica(cluster: NatsCluster, name: string, tasks: number): Promise<Opened> {
  const folder = testFolder('cluster-verify');
  const opened = new Opened(folder.path('a.db'));
  for (let task = 0; task < tasks; task++)
    opened.writer.apply(received('node-a', hash(task)), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
  opened.commit();
  const connection = await connectTo(cluster.urls[0] ?? '', cluster.login);
  const place: Place = {
    partition: 0,
    replica: name,
    process: `${name}-1`,
    http: '127.0.0.1:1',
    version: '1',
    roundVersion: 1,
    isActive: true,
    isPublisher: false,
    isReady: true,
    position: { logSeq: 1, progress: 1, sources: [], holes: 0, control: null, nodesDigest: 'd' },
  };
  const speaking = setInterval(
    () => connection.publish(CLUSTER_SUBJECTS.position(0, name), JSON.stringify(place)),
    SPEAKS_MS,
  );
  const responder = new AskResponder(
    { partition: 0, replica: name, process: place.process },
    {
      access: { connection: () => connection, onConnected: (run) => run(connection) },
      refusal: () => null,
      readPartial: () => Promise.reject(new Error('nobody asks for it')),
      readPlaces: () => Promise.reject(new Error('nobody asks for them')),
      readDigests: (request) => Promise.resolve(readDigests(opened.database, request)),
      counted: () => undefined,
      failed: (error) => {
        throw error;
      },
    },
  );
  await responder.start();
  onTestFinished(() => {
    clearInterval(speaking);
    opened.writer.close();
    folder.remove();
  });
  return opened;
}

describe('cluster verify', () => {
  it('cluster verify - two equal replicas are clean, a difference is named, one alone is nothing to compare', async () => {
    const cluster = await launchNatsCluster({ servers: 1 });
    const env = { PATH, RETENTION_DAYS: '0', CLUSTER: 'c', CLUSTER_UNSAFE_BROKER: 'on', ...cluster.env };
    const verify = (...args: string[]) => runCommand(['cluster', 'verify', ...args], env);
    await startReplica(cluster, 'east', 30);
    const alone = await verify();
    expect(alone).toMatchObject({ code: 1 });
    expect(alone.stderr).toMatch(
      /^Replicas that speak at the brokers: east\. Two are needed.*\[not_found\]\n$/m,
    );

    const west = await startReplica(cluster, 'west', 30);
    const clean = await verify();
    expect(clean).toMatchObject({ code: 0 });
    expect(clean.stdout).toMatch(/^replicas +east \(0 applied\), west \(0 applied\)\ntasks +30 equal\n/);
    expect(clean.stdout).toMatch(/\naccounts +0 right\nverdict +clean\n$/);

    west.database.exec('UPDATE tasks SET last_after_ms = 5 WHERE id = 17');
    const [text, json] = await Promise.all([verify(), verify('--json')]);
    expect([text.code, json.code]).toEqual([1, 1]);
    expect(text.stdout).toContain('30 DIFFERS, first above id 16 and up to 17\n');
    expect(JSON.parse(json.stdout)).toMatchObject({ isClean: false, replicas: ['east', 'west'] });
  });

  it('cluster verify - wrong usage, no cluster, no broker', async () => {
    const { folder } = await programFolder('cluster-verify-none');
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runCommand(['cluster', 'verify', ...args], { PATH, ...env });
    const [usage, none] = await Promise.all([run(['--timeout', '0']), run(['--dir', folder])]);
    expect([usage.code, none.code]).toEqual([2, 2]);
    expect(none.stderr).toMatch(/no cluster was started in .*\[no_answer\]\n$/);
  });
});
