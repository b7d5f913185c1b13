// The library with the real aggregator: joining, signed statistics, what is counted, and a restart with a state file.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shown } from '../../support/federation.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { clientFor, EXECUTION, ownFolder } from './client-fixture.ts';

describe('library and aggregator', () => {
  it('joins, is counted once, hears genuine statistics only, and goes on after a restart', async () => {
    const own = await testFolder('library');
    // On the aggregator's own broker nobody else can publish statistics.
    const { url } = await launchBroker({ storeFolder: join(own.folder, 'streams') });
    const program = launch(at(url, own, { PUBLISH_INTERVAL: '1000' }));
    await program.ready();
    const statePath = join(ownFolder(), 'monitor.db');
    const first = clientFor(url, { salt: null, statePath });
    await first.client.connect();
    const statistics: unknown[] = [];
    await first.client.subscribeToFederation({ networkStats: (data) => statistics.push(data) });
    await first.client.publishNodeJoined();
    await first.client.publishHeartbeat({ connected: true, continent: 'eu', location: '48.24,11.5' });
    const task = { execution_id: EXECUTION, chain_id: 43_113, task_type: `rs_${'a1'.repeat(32)}` };
    expect(await first.client.publishTaskReceived(task)).toBe(true);
    expect(await first.client.flush()).toBe(true);
    const { salt } = first.client.getCredentials();
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    expect(first.client.getStats()).toMatchObject({ joined: true, messagesSent: 3 });

    await shown(program, { totalTasks: 1, activeNodes: 1 });
    statistics.length = 0;
    const forger = await connectTo(url);
    await until('statistics', () => {
      forger.publish('truebit.stats.aggregated', '{"forged":true}');
      return statistics.length >= 2;
    });
    expect(JSON.stringify(statistics)).not.toContain('forged');
    const forged = first.errors.filter(({ code }) => code === 'bad_received');
    expect(forged.map(({ message }) => message)).toEqual([expect.stringContaining('signature') as string]);
    await first.client.disconnect();

    // The salt is kept, so that a task can be queued before there is a connection.
    const second = clientFor(url, { salt: null, statePath });
    expect(second.client.getCredentials().salt).toBe(salt);
    expect(await second.client.publishTaskCompleted({ ...task, exit_code: 1 })).toBe(true);
    await second.client.connect();
    expect(await second.client.flush()).toBe(true);
    await shown(program, { totalTasks: 1, completedTasks: 0, failedTasks: 1 });
    const { body } = await program.get('/api/federation/network-stats');
    expect(body).toMatchObject({ chainDistribution: { 43113: 1 }, taskTypeDistribution: { rs: 1 } });
    expect(await program.metric('aggregator_messages_rejected_total')).toBe(0);
    expect(await program.metric('aggregator_unknown_labels_total')).toBe(0);
  });
});
