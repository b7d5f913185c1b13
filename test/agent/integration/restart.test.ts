// The network's statistics outlive a restart (docs/agent.md#failure-stories): row, API and WebSocket have them at once.

import { join } from 'node:path';
import { onTestFinished, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';
import { Network } from './network.ts';

const STATISTICS = {
  activeNodes: 5,
  totalNodes: 12,
  totalTasks: 1_547,
  completedTasks: 1_520,
  failedTasks: 27,
  cachedTasks: 342,
  tasksLast24h: 156,
  totalInvoices: 1_423,
  invoicesLast24h: 142,
  successRate: 98.2,
  cacheHitRate: 22.1,
  executionTimeDistribution: { '<100ms': 450, '100-500ms': 620 },
  gasUsageDistribution: { '<100K': 1_547 },
  stepsComputedDistribution: { '<100K': 1_423 },
  memoryUsedDistribution: { '<64MB': 1_423 },
  chainDistribution: { '1': 1_200, '5': 347 },
  taskTypeDistribution: { wasm: 1_547 },
  onlineNodes: 4,
  staleNodes: 1,
  offlineNodes: 7,
  continentDistribution: {},
  locationDistribution: {},
};

/** The first frame of this type that the agent's WebSocket says. */
async function frameOf(url: string, type: string): Promise<Readonly<Record<string, unknown>>> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  onTestFinished(() => socket.terminate());
  const frames: Readonly<Record<string, unknown>>[] = [];
  socket.on('message', (data: Buffer) =>
    frames.push(JSON.parse(data.toString()) as Readonly<Record<string, unknown>>),
  );
  socket.on('error', () => undefined);
  return until(`a frame ${type}`, () => frames.find((frame) => frame['type'] === type));
}

describe('restart', () => {
  it('restart - row 23: after a restart without a broker they are in the row, the API and the first frame', async () => {
    const folder = agentFolder('statistics');
    const network = await Network.start();
    const agent = await startAgent(folder, network.env);
    await until('a subscription', async () => {
      const { stats } = (await agent.status()) as { readonly stats: { readonly subscriptions: number } };
      return stats.subscriptions > 0;
    });
    const timestamp = new Date().toISOString();
    const message = {
      version: '1.0',
      type: 'network_stats',
      timestamp,
      aggregatorId: 'a',
      period: 'all',
      data: STATISTICS,
    };
    network.connection.publish('truebit.stats.aggregated', JSON.stringify(message));
    const path = '/api/federation/network-stats';
    await until('the statistics', async () => (await agent.get(path)).body['totalTasks'] === 1_547);
    await agent.kill();
    const again = await startAgent(folder, { FEDERATION_NATS_URL: 'nats://127.0.0.1:1' });
    const { body } = await again.get(path);
    expect(body).toMatchObject({
      ...STATISTICS,
      status: 'connected',
      timestamp,
      aggregatorId: 'a',
      signature: 'none',
    });
    const frame = await frameOf(await again.url(), 'network_stats');
    expect(frame['data']).toEqual((await again.get(path)).body);
    const [row] = rowsOf(join(folder, 'agent.db'), 'SELECT * FROM network_stats_cache');
    expect(row).toMatchObject({ id: 1, total_tasks: 1_547, success_rate: 98.2, aggregator_id: 'a' });
  });
});
