import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.ts';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import { createPlan } from '../../../src/federation/simulator/plan.ts';
import { sendPlan } from '../../../src/federation/simulator/sender.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { type NatsServer, startNatsServer } from '../../support/nats-server.ts';
import { expectRows } from '../../support/oracle-check.ts';
import { until } from '../../support/until.ts';

const running: Aggregator[] = [];
let broker: NatsServer | null = null;
afterEach(async () => {
  await Promise.all(running.splice(0).map((program) => program.stop()));
  await broker?.stop();
  broker = null;
});

describe('two aggregators', () => {
  it('two aggregators - two aggregators on one broker agree in every number, and only one of them publishes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aggregator-two-'));
    broker = await startNatsServer({ storeFolder: join(folder, 'broker') });
    const env = {
      NATS_URL: broker.url,
      PUBLISH_INTERVAL: '1000',
      RATE_LIMIT_PER_MINUTE: '0',
      NEW_NODES_PER_MINUTE: '0',
    };
    const paths = ['first', 'second'].map((name) => join(folder, `${name}.db`));
    const [first, second] = [
      startAggregator({ ...env, DB_PATH: paths[0] ?? '', AGGREGATOR_ID: 'first' }),
      startAggregator({ ...env, DB_PATH: paths[1] ?? '', AGGREGATOR_ID: 'second', PUBLISH: 'off' }),
    ];
    running.push(first, second);
    await Promise.all(running.map((program) => program.ready()));

    const connection = await connect({ servers: broker.url });
    const publishers = new Set<string>();
    connection.subscribe('truebit.stats.>', {
      callback: (_error, message) => {
        publishers.add(message.json<{ aggregatorId: string }>().aggregatorId);
      },
    });
    const { messages } = createPlan({
      nodes: 40,
      ratePerMinute: 300,
      durationMs: 3000,
      seed: 5,
      nonce: `two-${process.pid}`,
      duplicates: 0.2,
      disagree: 0.1,
      startAtMs: Date.now(),
    });
    const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    await sendPlan(messages, {
      outlet: connection,
      clock: systemClock,
      wait,
      onProgress: () => undefined,
    });
    const oracle = createOracle();
    for (const message of messages) oracle.record(message);
    const expected = oracle.expected();

    for (const [index, program] of running.entries()) {
      await until(
        'all to be counted',
        async () => (await program.metric('aggregator_messages_total')) === messages.length,
      );
      const countedAtMs = Date.now();
      const shown = await until('a tick that counts them', async () => {
        const { body } = await program.get('/api/federation/network-stats');
        return Date.parse(String(body['lastUpdated'])) > countedAtMs ? body : null;
      });
      expect(shown).toMatchObject(expected.statistics as unknown as Record<string, unknown>);
      await expectConserved(program, paths[index]);
      expectRows(paths[index] ?? '', expected);
    }
    expect([...publishers]).toEqual(['first']);
    await connection.close();
    for (const program of running.splice(0)) expect(await program.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  });
});
