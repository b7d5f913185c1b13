// The main thread's part of a cluster over real brokers: joining, leases, presence, commands, and what is mended.

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { servesCluster } from '../../../src/federation/broker/broker-version.ts';
import { decodeControlEntry } from '../../../src/federation/domain/control-entry.ts';
import { connectTo, launchNatsCluster } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { launchMember, type Member } from './link-world.ts';

async function world(bin?: string) {
  const cluster = await launchNatsCluster({ servers: 1, ...(bin === undefined ? {} : { bin }) });
  const connection = await connectTo(cluster.urls[0] ?? '', cluster.login);
  const manager = await jetstreamManager(connection, { timeout: 2_000 });
  return {
    cluster,
    connection,
    manager,
    start: (options: Parameters<typeof launchMember>[1]) => launchMember(cluster, options),
  };
}

function sees(member: Member, replicas: readonly string[]): boolean {
  const seen = new Set(member.link.status().replicas.map(({ place }) => place.replica));
  return replicas.every((replica) => seen.has(replica));
}

describe('link of a cluster', () => {
  test('processes join with one identity, see each other, and share leases; an orderly stop passes them on', async () => {
    const { start } = await world();
    const members = [await start({ replica: 'a' }), await start({ replica: 'b' })];
    const configs = await Promise.all(members.map(({ link }) => link.joined));
    expect(configs[0]).toEqual(configs[1]);
    expect(members.map(({ identity }) => identity)).toEqual([configs[0]?.identity, configs[0]?.identity]);
    expect(members.map(({ membership }) => membership)).toEqual(
      members.map(() => ({ name: 'trial', id: configs[0]?.id, partitions: 1, partition: 0 })),
    );
    await until('both to see each other', () => members.every((member) => sees(member, ['a', 'b'])));
    await until('one holder of each lease', () =>
      [members.filter(({ link }) => link.isActive), members.filter(({ link }) => link.isPublisher)].every(
        (holders) => holders.length === 1,
      ),
    );
    const first = members.find(({ link }) => link.isPublisher);
    const second = members.find((member) => member !== first);
    expect(first?.link.status()).toMatchObject({ problem: null, warnings: [], isPublisher: true });
    await until('the brokers to be seen', () =>
      first?.link.status().brokers[0]?.leads.includes('TRUEBIT_LOG_0'),
    );
    expect(first?.link.status().brokers).toMatchObject([
      { name: 'truebit-1', isConnected: true, isAway: false },
    ]);
    const stoppedMs = performance.now();
    await first?.link.stop();
    await until('the other to publish', () => second?.link.isPublisher);
    // A lease that is given away need not be watched for its 3 s; a machine that does other work gets more.
    expect(performance.now() - stoppedMs).toBeLessThan(10_000);
    await until('the stop to be seen', () => second?.link.status().replicas.length === 1);
  });

  test('a command is known to all that are there when it ends, and names the others', async () => {
    const { start, connection } = await world();
    const members = [
      await start({ replica: 'a' }),
      await start({ replica: 'b' }),
      await start({ replica: 'c' }),
    ];
    const [a, b, c] = members;
    await until('all to see each other', () => members.every((member) => sees(member, ['a', 'b', 'c'])));
    await c?.link.stop();
    await until('the third to be away', () => a?.link.status().replicas.length === 2);
    /** Both read the stream of commands, the second one half a second late. */
    const seen: string[] = [];
    connection.subscribe('tbcontrol.>', {
      callback: (_error, { data }) => {
        const entry = decodeControlEntry(data);
        if (typeof entry === 'string') return;
        seen.push(entry.id);
        a?.knows(entry.id);
        setTimeout(() => b?.knows(entry.id), 500);
      },
    });
    await connection.flush();
    const outcome = await a?.link.command({ type: 'blockNode', nodeId: 'node-1' });
    expect(outcome?.unheard).toEqual(['c']);
    expect(Math.abs((outcome?.atMs ?? 0) - Date.now())).toBeLessThan(10_000);
    expect([a?.position.control, b?.position.control]).toEqual([seen[0], seen[0]]);
    // Of two processes at once each waits for its own command or a later one.
    const both = await Promise.all([
      a?.link.command({ type: 'blockNode', nodeId: 'node-2' }),
      b?.link.command({ type: 'unblockNode', nodeId: 'node-2' }),
    ]);
    expect(both.map((each) => each?.unheard)).toEqual([['c'], ['c']]);
    expect(new Set(seen).size).toBe(3);
  });

  test('a stream or the records deleted under way are made anew, with the same config', async () => {
    const { start, manager } = await world();
    const a = await start({ replica: 'a' });
    const { id } = await a.link.joined;
    await until('the leases', () => a.link.isPublisher && a.link.isActive);
    await manager.streams.delete('TRUEBIT_CLUSTER');
    await manager.streams.delete('TRUEBIT_LOG_0');
    const deletedMs = performance.now();
    await until('the leases to be lost', () => !a.link.isPublisher && !a.link.isActive);
    await until('the leases anew', () => a.link.isPublisher && a.link.isActive);
    expect(performance.now() - deletedMs).toBeLessThan(10_000);
    await until('the log', () => manager.streams.info('TRUEBIT_LOG_0').catch(() => null));
    const config = await until('the config', () =>
      manager.streams.getMessage('TRUEBIT_CLUSTER', { last_by_subj: 'tbcluster.config' }),
    );
    expect(config.json()).toMatchObject({ id });
    expect(a.fatal).toBeNull();
  });

  test('two processes with one name are told, with both addresses', async () => {
    const { start } = await world();
    const a = await start({ replica: 'a' });
    await start({ replica: 'a' });
    const sentence = await until('the warning', () => a.link.status().warnings[0]);
    expect(sentence).toContain('Two processes have the name "a", at a.example:8080 and at a.example:8080');
  });

  test('a replica whose rows differ is told to be seeded again', async () => {
    const { start } = await world();
    const a = await start({ replica: 'a' });
    await until('the lease', () => a.link.isActive);
    const b = await start({ replica: 'b' });
    for (const progress of [10, 20, 30]) {
      a.progressed(progress, progress);
      b.progressed(progress, progress, 'other');
      await until('the position to be heard', () =>
        [a, b].every(
          (member) =>
            sees(member, ['a', 'b']) &&
            member.link.status().replicas.every(({ place }) => place.position.progress === progress),
        ),
      );
    }
    await until('the problem', () => b.link.status().problem?.includes('differ from those of "a"'));
    await until('the warning', () => a.link.status().warnings.some((sentence) => sentence.includes('"b"')));
    expect(a.link.status().problem).toBeNull();
  });
});

test('a process leaves a server that is cut off from the others, and shows who is away', async () => {
  const cluster = await launchNatsCluster({ servers: 3 });
  const a = await launchMember(cluster, { replica: 'a' });
  await a.link.joined;
  await until('the leases', () => a.link.isActive && a.link.isPublisher);
  const brokers = () => a.link.status().brokers;
  await until(
    'all servers and their versions',
    () => brokers().filter(({ version }) => version === cluster.version).length === 3,
  );
  const at = () => brokers().findIndex(({ isConnected }) => isConnected);
  const first = at();
  cluster.isolate(first);
  await until('another server', () => at() !== first);
  await until('the leases again', () => a.link.isActive && a.link.isPublisher);
  await until('the server to be shown as away', () => brokers()[first]?.isAway);
  expect(a.link.status().problem).toBeNull();
  cluster.heal(first);
  await until('nobody to be away', () => brokers().length === 3 && brokers().every(({ isAway }) => !isAway));
});

describe('joining a cluster', () => {
  test.each<[string, Parameters<typeof launchMember>[1], string, string]>([
    ['another name', { replica: 'b', env: { CLUSTER: 'other' } }, 'cluster_mismatch', 'CLUSTER is "other"'],
    [
      'another id',
      { replica: 'b', env: { AGGREGATOR_ID: 'mine' } },
      'cluster_mismatch',
      'AGGREGATOR_ID is "mine"',
    ],
    ['counts of its own', { replica: 'b', hasRows: true }, 'cluster_seed_needed', 'npm run cluster -- seed'],
  ])('is refused to a process with %s', async (_name, options, code, part) => {
    const { start } = await world();
    await (await start({ replica: 'a' })).link.joined;
    const other = await start(options);
    const fatal = await until('the refusal', () => other.fatal);
    expect(fatal.code).toBe(code);
    expect(fatal.message).toContain(part);
    expect(other.membership).toBeNull();
  });

  test('is refused to a new replica when the log no longer holds what the others counted', async () => {
    const { start, connection, manager } = await world();
    const a = await start({ replica: 'a' });
    await a.link.joined;
    for (let round = 0; round < 3; round += 1) await jetstream(connection).publish('tblog.0.in.x', 'round');
    await manager.streams.deleteMessage('TRUEBIT_LOG_0', 1);
    a.progressed(100, 3);
    await a.link.stop();
    const b = await start({ replica: 'b' });
    const fatal = await until('the refusal', () => b.fatal);
    expect(fatal.code).toBe('cluster_seed_needed');
  });

  test('is refused at an old nats-server, unless it is accepted', async () => {
    const { start, cluster } = await world(process.env['NATS_SERVER_BIN']);
    // Where this is a new one there is nothing to refuse.
    if (servesCluster(cluster.version)) return;
    const refused = await start({ replica: 'a' });
    const fatal = await until('the refusal', () => refused.fatal);
    expect(fatal.code).toBe('cluster_broker_old');
    expect(fatal.message).toContain(cluster.version);
    const accepted = await start({ replica: 'b', env: { CLUSTER_UNSAFE_BROKER: 'on' } });
    await accepted.link.joined;
  });
});
