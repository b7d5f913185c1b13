// Attacks on another's node that nothing stops in open mode. These tests document the behaviour; docs/security.md
// explains it and the remedies. One program serves all tests, in this order; then the same attacks meet keys.

import { connect, headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPEN_LABELS_MAX } from '../../../src/federation/store/label-dictionary.ts';
import { type Aggregator, startAggregator } from '../../support/aggregator.ts';
import { type OwnFolder, ownFolder } from '../../support/embedded.ts';
import { counted, send, shown } from '../../support/federation.ts';
import {
  heartbeat,
  nodeJoined,
  nodeLeft,
  type Publication,
  taskCompleted,
  taskReceived,
} from '../../support/messages.ts';
import { launch, testFolder } from '../../support/program.ts';
import { rowsOf } from '../../support/rows.ts';
import { createKey, sendSigned } from '../../support/signed.ts';
import { until } from '../../support/until.ts';

const NEW_NODES = 100;
let own: OwnFolder;
let program: Aggregator;
let victim: NatsConnection;
let stranger: NatsConnection;
let sent = 0;

beforeAll(async () => {
  own = await ownFolder('lies');
  program = startAggregator({
    ...own.env,
    PUBLISH_INTERVAL: '300',
    RATE_LIMIT_PER_MINUTE: '60',
    RATE_LIMIT_BURST: '20',
    NEW_NODES_PER_MINUTE: String(NEW_NODES),
    // Thresholds at which the test can see the node online, and soon offline.
    STALE_AFTER: '5000',
    OFFLINE_AFTER: '6000',
    FORGET_AFTER: '60000',
  });
  await program.ready();
  victim = await connect({ servers: own.natsUrl });
  stranger = await connect({ servers: own.natsUrl });
});
afterAll(async () => {
  await Promise.all([victim.close(), stranger.close()]);
  await program.stop();
});

async function says(connection: NatsConnection, ...publications: readonly Publication[]): Promise<void> {
  await send(connection, publications);
  sent += publications.length;
  await counted(program, sent);
}

function expectState(nodeId: string, state: string): Promise<unknown> {
  return until(`the node to be ${state}`, async () => {
    const { body } = await program.get(`/api/federation/nodes/${nodeId}`);
    return body['state'] === state;
  });
}

describe('lies', () => {
  it('nothing stops in open mode: keep a dead node alive', async () => {
    await says(victim, nodeJoined('node-dead'));
    await expectState('node-dead', 'offline');
    await says(stranger, heartbeat('node-dead'));
    await expectState('node-dead', 'online');
  });

  it("nothing stops in open mode: end another's node with a leave, until it sends again", async () => {
    await says(victim, nodeJoined('node-ended'));
    await says(stranger, nodeLeft('node-ended'));
    await expectState('node-ended', 'offline');
    const { body } = await program.get('/api/federation/nodes/node-ended');
    expect(body['transitions']).toMatchObject([{ to: 'offline', cause: 'left' }]);
    await says(victim, heartbeat('node-ended'));
    await expectState('node-ended', 'online');
  });

  it("nothing stops in open mode: turn another's failed task into a success", async () => {
    await says(victim, taskCompleted(1, false, 'node-failed'));
    await shown(program, { totalTasks: 1, failedTasks: 1 });
    await says(stranger, taskCompleted(1, true, 'node-liar'));
    await shown(program, { failedTasks: 0, completedTasks: 1 });
    // The attack leaves a trace: two reporters that disagree.
    const task = 'SELECT status, reporting_nodes FROM aggregated_tasks';
    expect(rowsOf(own.databasePath, task)).toEqual([{ status: 'completed', reporting_nodes: 2 }]);
    expect(await program.metric('aggregator_task_disagreements_total')).toBe(1);
    // The opposite fails: a success stays a success.
    await says(victim, taskCompleted(2, true, 'node-failed'));
    await says(stranger, taskCompleted(2, false, 'node-liar'));
    await shown(program, { failedTasks: 0, completedTasks: 2 });
  });

  it("nothing stops in open mode: spend another's rate", async () => {
    await says(victim, nodeJoined('node-spent'));
    const limited = (subject: string) =>
      program.metric('aggregator_messages_total', `subject="${subject}",outcome="rate_limited"`);
    const before = await limited('truebit.tasks.completed');
    const spending = Array.from({ length: 40 }, () => heartbeat('node-spent'));
    await send(stranger, spending);
    sent += spending.length;
    // Sent at once, because a second later the rate admits one more.
    await says(victim, taskCompleted(3, true, 'node-spent'));
    expect(await limited('truebit.heartbeat')).toBeGreaterThan(15);
    expect(await limited('truebit.tasks.completed')).toBe(before + 1);
    // The rate refills by one message a second.
    await until('the node to be heard again', async () => {
      await says(victim, taskCompleted(3, true, 'node-spent'));
      const { body } = await program.get('/api/federation/network-stats');
      return body['totalTasks'] === 3;
    });
  });

  it("nothing stops in open mode: suppress another's message that follows within 100 ms under the same message id", async () => {
    const head = headers();
    head.set('Nats-Msg-Id', 'chosen-by-the-victim');
    const [before, theirs] = [heartbeat('node-liar'), taskCompleted(4, true, 'node-failed')];
    // One connection, so that the second message directly follows the first.
    for (const { subject, payload } of [before, theirs])
      stranger.publish(subject, payload, { headers: head });
    sent += 1;
    await says(victim, heartbeat('node-failed'));
    expect(rowsOf(own.databasePath, "SELECT 1 FROM aggregated_tasks WHERE task_id_hash LIKE '%4'")).toEqual(
      [],
    );
  });

  it('nothing stops in open mode: invent tasks, and nodes up to the budget', async () => {
    const invented = Array.from({ length: 300 }, (_, index) =>
      taskCompleted(100 + index, true, `invented-${index}`),
    );
    await says(stranger, ...invented);
    const known = "SELECT count(*) AS nodes FROM nodes WHERE node_id LIKE 'invented-%'";
    const nodes = Number(rowsOf(own.databasePath, known)[0]?.['nodes']);
    // The burst of a minute and the share of a few seconds, not three hundred; each node with its task.
    expect(nodes).toBeGreaterThan(NEW_NODES / 2);
    expect(nodes).toBeLessThan(NEW_NODES * 1.5);
    await shown(program, { totalTasks: 3 + nodes });
  });

  it('nothing stops in open mode: take up the names of types, so that later ones count as other', async () => {
    const named = await testFolder('lies-names');
    const other = launch({ ...named.env, PUBLISH_INTERVAL: '300' });
    await other.ready();
    const connection = await connect({ servers: named.natsUrl });
    const ofType = (task: number, taskType: string, nodeId: string): Publication => {
      const { subject, payload } = taskReceived(task, nodeId);
      return { subject, payload: payload.replace('"wasm"', JSON.stringify(taskType)) };
    };
    const invented = Array.from({ length: OPEN_LABELS_MAX }, (_, index) =>
      ofType(index, `invented-${index}`, `liar-${index % 10}`),
    );
    const real = [1, 2, 3].map((task) => ofType(OPEN_LABELS_MAX + task, 'real', 'node-real'));
    await send(connection, [...invented, ...real]);
    await counted(other, OPEN_LABELS_MAX + real.length);
    await shown(other, { totalTasks: OPEN_LABELS_MAX + real.length });
    const { body } = await other.get('/api/federation/network-stats');
    const types = body['taskTypeDistribution'] as Readonly<Record<string, number>>;
    // Three tasks of one name are more than one of any other, and would be shown first.
    expect([types['real'], types['other']]).toEqual([undefined, OPEN_LABELS_MAX - 50 + real.length]);
    const row = "SELECT DISTINCT task_type FROM aggregated_tasks WHERE task_type = 'real'";
    expect(rowsOf(named.databasePath, row)).toEqual([{ task_type: 'real' }]);
    await connection.close();
  });
});

/** The attacks above on one node, and the refusals that they meet. */
const LIES: readonly Publication[] = [
  nodeLeft('node-mine'),
  heartbeat('node-mine', 'offline'),
  ...Array.from({ length: 40 }, () => heartbeat('node-mine')),
  taskCompleted(1, true, 'node-mine'),
];
const REFUSED = ['aggregator_messages_rejected_total', 'reason="unauthenticated"'] as const;

describe('lies against keys', () => {
  it('a bound key: others cannot end the node, keep it alive, or spend its rate', async () => {
    const { key } = await createKey(own.env, '--node', 'node-mine');
    await sendSigned(victim, key, [nodeJoined('node-mine'), taskCompleted(1001, false, 'node-mine')]);
    sent += 2;
    await counted(program, sent);
    await says(stranger, ...LIES);
    expect(await program.metric(...REFUSED)).toBe(LIES.length);
    const { body } = await program.get('/api/federation/nodes/node-mine');
    expect(body['heartbeats']).toBe(0);
    const rateLimited = await program.metric('aggregator_messages_total', 'outcome="rate_limited"');
    await sendSigned(victim, key, [heartbeat('node-mine')]);
    sent++;
    await counted(program, sent);
    expect(await program.metric('aggregator_messages_total', 'outcome="rate_limited"')).toBe(rateLimited);
    await expectState('node-mine', 'online');
    // The attacker cannot keep the node alive.
    await says(stranger, heartbeat('node-mine'));
    await expectState('node-mine', 'offline');
  });

  it('nothing stops in open mode, even with bound keys: turn a task into a success with another node', async () => {
    const failed = "SELECT status FROM aggregated_tasks WHERE task_id_hash LIKE '%3e9'";
    expect(rowsOf(own.databasePath, failed)).toEqual([{ status: 'failed' }]);
    await says(stranger, taskCompleted(1001, true, 'node-liar'));
    expect(rowsOf(own.databasePath, failed)).toEqual([{ status: 'completed' }]);
  });

  it('required mode: none of these attacks works without a key, and no node or task can be invented', async () => {
    const closed = await testFolder('lies-required');
    const env = { ...closed.env, AUTH_MODE: 'required', PUBLISH_INTERVAL: '300' };
    const { key } = await createKey(env, '--node', 'node-mine');
    const required = launch(env);
    await required.ready();
    const [mine, theirs] = [
      await connect({ servers: closed.natsUrl }),
      await connect({ servers: closed.natsUrl }),
    ];
    await sendSigned(mine, key, [nodeJoined('node-mine'), taskCompleted(1, false, 'node-mine')]);
    const invented = Array.from({ length: 20 }, (_, index) =>
      taskCompleted(index, true, `invented-${index}`),
    );
    await send(theirs, [...LIES, ...invented]);
    await counted(required, 2 + LIES.length + invented.length);
    expect(await required.metric(...REFUSED)).toBe(LIES.length + invented.length);
    await shown(required, { totalTasks: 1, failedTasks: 1, totalNodes: 1, onlineNodes: 1 });
    await Promise.all([mine.close(), theirs.close()]);
  });
});
