// The whole program with a wall clock that is set while it runs, and before it starts; the broker keeps the true one.
// Not run where libfaketime cannot be had (macOS): the tables of test/lib/clock-steps.test.ts and the simulation stand
// in.

import { join } from 'node:path';
import type { NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Aggregator } from '../../support/aggregator.ts';
import { send } from '../../support/federation.ts';
import { freePort } from '../../support/free-port.ts';
import { heartbeat, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { command, createKey, sendSigned } from '../../support/signed.ts';
import { rowsOf, valueOf } from '../../support/rows.ts';
import { FAKETIME_LIB, setClock } from '../../support/set-clock.ts';
import { until } from '../../support/until.ts';

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
/** The successive errors of the program's wall clock, and the log line that names each step. */
const SETTINGS: readonly (readonly [aheadMs: number, line: string])[] = [
  [HOUR_MS, 'forward by 1 h'],
  [0, 'back by 1 h'],
  [-HOUR_MS, 'back by 1 h'],
  [0, 'forward by 1 h'],
  [-30 * MINUTE_MS, 'back by 30 min'],
  [0, 'forward by 30 min'],
  [40 * DAY_MS, 'forward by 40 d'],
  [0, 'back by 40 d'],
  [1500, 'forward by 1.5 s'],
  [0, 'back by 1.5 s'],
];
const NODES = Array.from({ length: 5 }, (_, index) => `node-${index}000`);
const BEAT_MS = 100;
/** Beats between two steps: more than the burst, so that a rate which no longer refills would show. */
const BEATS = 10;
const TASKS = 3;

/** Twenty messages a second are allowed for ever, and ten or so are sent. Stale is late enough for a slow machine. */
const LIMITS = {
  RATE_LIMIT_PER_MINUTE: '1200',
  RATE_LIMIT_BURST: '6',
  NEW_NODES_PER_MINUTE: '600',
  STALE_AFTER: '5000',
  OFFLINE_AFTER: '10000',
  FORGET_AFTER: '600000',
  // Three of these without a tick are not ready: on a slow machine a tick may take a second.
  PUBLISH_INTERVAL: '1500',
};

function beat(connection: NatsConnection): void {
  const timer = setInterval(() => {
    if (connection.isClosed()) return;
    for (const nodeId of NODES) {
      const { subject, payload } = heartbeat(nodeId);
      connection.publish(subject, payload);
    }
  }, BEAT_MS);
  onTestFinished(() => clearInterval(timer));
}

/** Asks for readiness all the time; records every answer that is not ready. */
function watchReadiness(program: Aggregator): { readonly refusals: string[]; stop(): void } {
  const refusals: string[] = [];
  const over = new AbortController();
  const ask = async () => {
    while (!over.signal.aborted) {
      const { status, body } = await program.get('/readyz');
      if (status !== 200) refusals.push(JSON.stringify(body));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  void ask().catch((error: unknown) => over.signal.aborted || refusals.push(String(error)));
  const stop = () => over.abort();
  onTestFinished(stop);
  return { refusals, stop };
}

/** Reads the live feed until the test is over; true once it has ended. */
async function openFeed(program: Aggregator): Promise<{ readonly hasEnded: () => boolean }> {
  let hasEnded = false;
  const abort = new AbortController();
  const response = await fetch(`${await program.url()}/api/federation/events`, { signal: abort.signal });
  const read = async () => {
    for await (const chunk of response.body ?? []) void chunk;
  };
  void read()
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true;
    });
  onTestFinished(() => abort.abort());
  return { hasEnded: () => hasEnded };
}

const clockLines = (program: Aggregator) =>
  program.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('clock: '));

async function expectUnnoticed(mode: 'core' | 'jetstream') {
  const own = await testFolder(`clock-${mode}`);
  const broker = await launchBroker(mode === 'core' ? {} : { storeFolder: join(own.folder, 'store') });
  const clock = setClock(own.folder);
  const program = launch({ ...at(broker.url, own), ...LIMITS, ...clock.env });
  await program.ready();
  const connection = await connectTo(broker.url);
  beat(connection);
  const applied = () => program.metric('aggregator_messages_total', 'outcome="applied"');
  await until('all nodes', async () => (await program.metric('aggregator_nodes', 'online')) === NODES.length);
  await until('a tick', async () => (await program.metric('aggregator_last_publish_timestamp_seconds')) > 0);
  const readiness = watchReadiness(program);
  const feed = await openFeed(program);
  let sent = 0;
  let asked = 100;
  for (const [index, [aheadMs, line]] of SETTINGS.entries()) {
    clock.set(aheadMs);
    await until(`a line "${line}"`, () => clockLines(program)[index]?.includes(line));
    const tasks = Array.from({ length: TASKS }, () => taskReceived(sent++, NODES[0]));
    await send(connection, tasks);
    const from = await applied();
    await until('beats to be taken', async () => (await applied()) >= from + BEATS * NODES.length);
    await until('the statistics', async () => {
      const { body } = await program.get('/api/federation/network-stats');
      return body['totalTasks'] === sent;
    });
    // The shown times are the present, by the clock as now set.
    const { body } = await program.get('/api/federation/health');
    for (const name of ['lastTickAt', 'lastHeardAt']) {
      expect(Math.abs(Date.parse(String(body[name])) - Date.now() - aheadMs)).toBeLessThan(10_000);
    }
    await until('the newest row of the history', async () => {
      // A new question, because the program keeps answers for 15 s.
      const history = await program.get(`/api/federation/history?points=${++asked}`);
      const newest = (history.body['at'] as readonly string[]).at(-1) ?? '';
      return Math.abs(Date.parse(newest) - Date.now() - aheadMs) < 10_000;
    });
  }
  readiness.stop();
  expect(readiness.refusals).toEqual([]);
  expect(feed.hasEnded()).toBe(false);
  expect(clockLines(program)).toHaveLength(SETTINGS.length);
  await expectUnmoved(program);
  const { body } = await program.get('/api/federation/network-stats?period=24h');
  // On plain NATS the program dates tasks: those from the clock that was 40 days ahead are not near today.
  expect(body['totalTasks']).toBe(mode === 'core' ? sent - TASKS : sent);
  expect(await program.stop()).toBe(0);
  expect(valueOf(own.databasePath, 'SELECT count(*) FROM aggregated_tasks')).toBe(sent);
  expect(rowsOf(own.databasePath, 'SELECT * FROM node_transitions')).toEqual([]);
  return { own, broker, clock, sent };
}

/** No message was limited, and no node changed its state. */
async function expectUnmoved(program: Aggregator): Promise<void> {
  expect(await program.metric('aggregator_messages_total', 'outcome="rate_limited"')).toBe(0);
  expect(await program.metric('aggregator_node_transitions_total')).toBe(0);
  expect(await program.metric('aggregator_nodes', 'online')).toBe(NODES.length);
}

describe.runIf(FAKETIME_LIB !== undefined)('clock', () => {
  it('clock - on plain NATS a step of the wall clock changes no result, and a log line names each step', async () => {
    const { own, broker, clock, sent } = await expectUnnoticed('core');
    // The same at a start.
    clock.set(-HOUR_MS);
    const program = launch({ ...at(broker.url, own), ...LIMITS, ...clock.env });
    await program.ready();
    expect(clockLines(program)).toHaveLength(1);
    expect(clockLines(program)[0]).toMatch(/is (?:1 h|59\.\d min) behind the one of the last run/);
    const taken = () => program.metric('aggregator_messages_total', 'outcome="applied"');
    await until('beats to be taken', async () => (await taken()) >= BEATS * NODES.length);
    await expectUnmoved(program);
    await until('the statistics', async () => {
      const { body } = await program.get('/api/federation/network-stats');
      return body['totalTasks'] === sent;
    });
  });

  it('clock - on JetStream a step of the wall clock changes no result, and a log line names each step', async () => {
    await expectUnnoticed('jetstream');
  });

  it('clock - with the clock 40 days ahead, making and revoking a key is in force at once, and after a restart', async () => {
    const own = await testFolder('clock-keys');
    const broker = await launchBroker({ storeFolder: join(own.folder, 'store') });
    const clock = setClock(own.folder, 40 * DAY_MS);
    const env = { ...at(broker.url, own), ...clock.env };
    const program = launch(env);
    await program.ready();
    const connection = await connectTo(broker.url);
    const refused = (of: Aggregator) =>
      of.metric('aggregator_messages_rejected_total', 'reason="unauthenticated"');
    const applied = (of: Aggregator) => of.metric('aggregator_messages_total', 'outcome="applied"');
    const { key, keyId } = await createKey(env, '--node', 'node-mine');
    await send(connection, [heartbeat('node-mine')]);
    await until('the unsigned message to be judged', async () => (await refused(program)) === 1, 5000);
    await sendSigned(connection, key, [heartbeat('node-mine')]);
    await until('the signed message to be taken', async () => (await applied(program)) === 1);
    await command(env, 'keys', 'revoke', keyId);
    await sendSigned(connection, key, [heartbeat('node-mine')]);
    await until('the revoked key to be judged', async () => (await refused(program)) === 2, 5000);
    expect(await program.stop()).toBe(0);
    // Messages that wait while the program is down come after the revocation, too.
    await sendSigned(connection, key, [heartbeat('node-mine')]);
    const again = launch(env);
    await again.ready();
    await until('the message that waited to be judged', async () => (await refused(again)) === 1, 5000);
    expect(await applied(again)).toBe(0);
  });

  it('clock - after a step back and a restart of the broker the program is connected again within 10 s', async () => {
    const own = await testFolder('clock-broker');
    const port = await freePort();
    const broker = await launchBroker({ port });
    const clock = setClock(own.folder);
    const program = launch({ ...at(broker.url, own), ...clock.env });
    await program.ready();
    clock.set(-HOUR_MS);
    await until('the line', () => clockLines(program).length === 1);
    await broker.stop();
    await until('the loss', async () => (await program.metric('aggregator_broker_connected')) === 0);
    await launchBroker({ port });
    await until(
      'the connection',
      async () => (await program.metric('aggregator_broker_connected')) === 1,
      10_000,
    );
  });
});
