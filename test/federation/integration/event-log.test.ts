// The log of events of the real program: how runs end, the broker, silent nodes, a restored backup, a revoked key.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FederationEvent } from '../../../src/federation/domain/events.ts';
import type { Aggregator } from '../../support/aggregator.ts';
import { counted, send } from '../../support/federation.ts';
import { nodeJoined } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { command, createKey } from '../../support/signed.ts';
import { until } from '../../support/until.ts';
import { childrenOf, parseXml } from '../../support/xml.ts';

const events = async (program: Aggregator, query = ''): Promise<readonly FederationEvent[]> =>
  (await program.get(`/api/federation/events-log${query}`)).body['events'] as readonly FederationEvent[];
const kinds = async (program: Aggregator, query = '') =>
  (await events(program, query)).map(({ kind }) => kind);

function has(program: Aggregator, kind: FederationEvent['kind']): Promise<FederationEvent> {
  return until(kind, async () => (await events(program, `?kind=${kind}`))[0] ?? null);
}

describe('the log of events', () => {
  it('the log of events - a start tells how the run before ended, also after a backup was put in place', async () => {
    const own = await testFolder('events-runs');
    const broker = await launchBroker({ storeFolder: `${own.folder}/store` });
    const env = at(broker.url, own);
    let program = launch(env);
    await program.ready();
    expect(await has(program, 'started')).toMatchObject({ detail: 'first', count: null });
    await command(env, 'backup', `${own.folder}/backup.db`);
    program.process.kill('SIGKILL');
    await program.exit;

    program = launch(env);
    await program.ready();
    const [killed] = await events(program);
    expect(killed).toMatchObject({ kind: 'started', detail: 'not_in_order' });
    expect(killed?.count).toBeLessThan(120_000);
    expect(await program.stop()).toBe(0);

    program = launch(env);
    await program.ready();
    expect(await kinds(program)).toEqual(['started', 'stopped', 'started', 'started']);
    const [stopped] = await events(program);
    expect(stopped?.detail).toBe('in_order');
    expect(stopped?.count).toBeLessThan(60_000);
    const feed = await fetch(`${await program.url()}/api/federation/events-log.rss`);
    const [channel] = childrenOf(parseXml(await feed.text()), 'channel');
    expect(channel === undefined ? [] : childrenOf(channel, 'item')).toHaveLength(4);
    expect(await program.stop()).toBe(0);

    await command(env, 'restore', `${own.folder}/backup.db`);
    program = launch(env);
    await program.ready();
    const [restart, restored] = await events(program);
    expect([restart?.kind, restart?.detail, restored?.kind]).toEqual(['started', null, 'restored']);
    await program.stop();
    program = launch(env);
    await program.ready();
    // It is said once.
    expect((await kinds(program)).slice(0, 3)).toEqual(['started', 'stopped', 'started']);
  });

  it('the log of events - a start that fails is no end in order', async () => {
    const own = await testFolder('events-failed');
    const broker = await launchBroker({ storeFolder: `${own.folder}/store` });
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    expect(await launch(at(broker.url, own, { HTTP_PORT: String(port) })).exit).toMatchObject({ code: 1 });

    const program = launch(at(broker.url, own));
    await program.ready();
    const told = (await events(program)).map(({ kind, detail }) => [kind, detail]);
    expect(told).toEqual([
      ['started', 'not_in_order'],
      ['started', 'first'],
    ]);
  });

  it('the log of events - a silent node, a broker that goes and comes, a key that is revoked', async () => {
    const own = await testFolder('events-broker');
    const storeFolder = `${own.folder}/store`;
    const broker = await launchBroker({ storeFolder });
    const env = at(broker.url, own, { STALE_AFTER: '1000', OFFLINE_AFTER: '2000', FORGET_AFTER: '600000' });
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(broker.url);
    await send(connection, [nodeJoined('node-silent')]);
    await counted(program, 1, 'applied');
    await has(program, 'node_offline');
    const node = await events(program, '?node=node-silent');
    // On a quick machine the observed clock moves only with a ping, and may pass both thresholds at once.
    expect(node[0]).toMatchObject({ kind: 'node_offline', cause: 'silence' });
    expect(node.at(-1)).toMatchObject({ kind: 'node_online', from: null, cause: 'sign_of_life' });

    const { keyId } = await createKey(env);
    await command(env, 'keys', 'revoke', keyId);
    expect(await has(program, 'key_revoked')).toMatchObject({ detail: `test (${keyId})`, nodeId: null });

    await broker.stop();
    expect((await has(program, 'not_ready')).detail).toContain('not connected to the broker');
    expect(await kinds(program, '?kind=broker_away,broker_back')).toEqual(['broker_away']);
    await launchBroker({ storeFolder, port: broker.port });
    await has(program, 'ready');
    expect(await kinds(program, '?kind=broker_away,broker_back')).toEqual(['broker_back', 'broker_away']);

    await command(env, 'nodes', 'forget', 'node-silent');
    expect(await events(program, '?node=node-silent')).toEqual([]);
    expect(await program.stop()).toBe(0);
    await command(env, 'keys', 'revoke', (await createKey(env)).keyId);
    const again = launch(env);
    await again.ready();
    expect((await kinds(again)).slice(0, 3)).toEqual(['started', 'key_revoked', 'stopped']);
  });
});
