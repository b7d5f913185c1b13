// An aggregator that comes back with another key, with all programs real: its statistics are refused and the page says so,
// until a person trusts the key.

import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startAggregator } from '../../support/aggregator.ts';
import { agentFolder, startAgent } from '../../support/agent.ts';
import { runCommand } from '../../support/command.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';

it('agent trust - another key is offered, refused, and accepted by hand, while the connection stays', async () => {
  const folder = agentFolder('trust');
  const broker = await startNatsServer({});
  onTestFinished(() => broker.stop());
  const serve = async (name: string) => {
    const program = startAggregator({
      DB_PATH: join(folder, name),
      NATS_URL: broker.url,
      PUBLISH_INTERVAL: '1000',
    });
    onTestFinished(async () => void (await program.stop()));
    await program.ready();
    return program;
  };
  const first = await serve('first.db');
  const env = { DB_PATH: join(folder, 'agent.db'), FEDERATION_NATS_URL: broker.url };
  const agent = await startAgent(folder, { ...env, LOG_LEVEL: 'debug' });
  const statistics = async () => (await agent.get('/api/federation/network-stats')).body;
  const shown = (before: unknown) =>
    until('statistics that are genuine', async () => {
      const { signature, aggregatorId } = await statistics();
      return signature === 'valid' && aggregatorId !== before ? String(aggregatorId) : null;
    });
  const pinned = await shown('');
  const none = await runCommand(['agent', 'trust'], env);
  expect(none.code).toBe(1);
  expect(none.stdout).toMatch(/^No other key was offered; \S{43} stays\.\n$/);
  await first.stop();
  await serve('second.db');
  const readiness = async () => JSON.stringify((await agent.get('/readyz')).body);
  await until('the other key', async () => (await readiness()).includes('another key than the pinned one'));
  expect((await statistics())['aggregatorId']).toBe(pinned);
  expect(agent.log.filter(({ msg }) => msg.includes('`agent trust`'))).toHaveLength(1);
  const trusted = await runCommand(['agent', 'trust'], env);
  expect(trusted).toMatchObject({ code: 0, stderr: '' });
  expect(trusted.stdout).toMatch(/^Statistics count with the key \S{43} from now on \(before: \S{43}\)\.\n$/);
  await shown(pinned);
  expect((await statistics())['aggregatorId']).not.toBe(pinned);
  expect(await readiness()).not.toContain('another key');
  expect(await agent.stop()).toBe(0);
});
