import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { describe, expect, it } from 'vitest';
import { type Aggregator, SERVE_WITH_SEAMS } from '../../support/aggregator.ts';
import { expectConserved } from '../../support/conservation.ts';
import { counted, keepBeating, send, shown } from '../../support/federation.ts';
import { heartbeat, nodeJoined, nodeLeft, taskReceived } from '../../support/messages.ts';
import { at, connectTo, launch, launchBroker, testFolder } from '../../support/program.ts';
import { rowsOf } from '../../support/rows.ts';
import { until } from '../../support/until.ts';

/** The node that a test is about. */
const NODE = 'node-under-test';
/** Another node, whose beats advance the observed clock, which otherwise advances only at a ping every 5 s. */
const BEATING = 'node-that-beats';

function thresholds(staleAfterMs: number, offlineAfterMs: number) {
  return {
    STALE_AFTER: String(staleAfterMs),
    OFFLINE_AFTER: String(offlineAfterMs),
    FORGET_AFTER: '600000',
    PUBLISH_INTERVAL: '200',
  };
}

/** A folder, a broker with JetStream that outlives the program, and a connection to it. */
async function federation(name: string) {
  const own = await testFolder(name);
  const storeFolder = join(own.folder, 'store');
  const broker = await launchBroker({ storeFolder });
  const connection = await connectTo(broker.url);
  return { own, storeFolder, broker, connection };
}

async function stateOf(program: Aggregator, nodeId: string): Promise<unknown> {
  const { body } = await program.get('/api/federation/nodes');
  const nodes = body['nodes'] as readonly { readonly nodeId: string; readonly state: string }[];
  return nodes.find((node) => node.nodeId === nodeId)?.state;
}

function becomes(program: Aggregator, state: string, nodeId = NODE): Promise<unknown> {
  return until(`${nodeId} to be ${state}`, async () => (await stateOf(program, nodeId)) === state);
}

/** Transitions as `from>to cause`. */
function transitions(databasePath: string, nodeId = NODE): string[] {
  return rowsOf(databasePath, 'SELECT * FROM node_transitions')
    .filter((row) => row['node_id'] === nodeId)
    .map((row) => `${String(row['from_state'])}>${String(row['to_state'])} ${String(row['cause'])}`);
}

function passed(ms: number): Promise<unknown> {
  const startedMs = performance.now();
  return until(`${ms} ms to pass`, () => performance.now() - startedMs > ms);
}

describe('lifecycle', () => {
  it('lifecycle - silence makes a node stale, then offline, and one message brings it back', async () => {
    const { own, broker, connection } = await federation('silence');
    // Each state lasts long enough for a slow machine to see it.
    const program = launch(at(broker.url, own, thresholds(3000, 9000)));
    await program.ready();
    keepBeating(connection, [BEATING]);
    const fallSilent = keepBeating(connection, [NODE]);
    await becomes(program, 'online');
    await shown(program, { activeNodes: 2, onlineNodes: 2, staleNodes: 0, offlineNodes: 0 });
    fallSilent();
    await becomes(program, 'stale');
    await shown(program, { activeNodes: 2, onlineNodes: 1, staleNodes: 1, offlineNodes: 0 });
    await becomes(program, 'offline');
    await shown(program, { activeNodes: 1, onlineNodes: 1, staleNodes: 0, offlineNodes: 1, totalNodes: 2 });
    expect(await program.metric('aggregator_nodes', 'state="offline"')).toBe(1);
    await send(connection, [taskReceived(1, NODE)]);
    await becomes(program, 'online');
    keepBeating(connection, [NODE]);
    await shown(program, { activeNodes: 2, onlineNodes: 2, offlineNodes: 0 });
    expect(transitions(own.databasePath)).toEqual([
      'online>stale silence',
      'stale>offline silence',
      'offline>online sign_of_life',
    ]);
    expect(transitions(own.databasePath, BEATING)).toEqual([]);
    expect(await program.metric('aggregator_node_transitions_total')).toBe(3);
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('lifecycle - a leave makes a node offline at once, and only a later sign of life brings it back', async () => {
    const { own, broker, connection } = await federation('leaving');
    const program = launch(at(broker.url, own, { PUBLISH_INTERVAL: '200' }));
    await program.ready();
    const leaver = 'node-that-leaves';
    await send(connection, [heartbeat(NODE), nodeJoined(leaver)]);
    await shown(program, { onlineNodes: 2, offlineNodes: 0 });
    await send(connection, [heartbeat(NODE, 'offline'), nodeLeft(leaver)]);
    await shown(program, { onlineNodes: 0, offlineNodes: 2 });
    await send(connection, [taskReceived(1, NODE), taskReceived(2, leaver)]);
    await shown(program, { onlineNodes: 0, offlineNodes: 2, totalTasks: 2 });
    await send(connection, [nodeJoined(NODE), heartbeat(leaver)]);
    await shown(program, { onlineNodes: 2, offlineNodes: 0 });
    for (const nodeId of [NODE, leaver]) {
      expect(await stateOf(program, nodeId)).toBe('online');
      expect(transitions(own.databasePath, nodeId)).toEqual([
        'online>offline left',
        'offline>online sign_of_life',
      ]);
    }
    await expectConserved(program);
    expect(await program.stop()).toBe(0);
  });

  it('lifecycle - states resume after SIGTERM and after kill -9, and downtime of the program makes no node offline', async () => {
    const restart = async (signal: NodeJS.Signals) => {
      const { own, broker, connection } = await federation(signal.toLowerCase());
      const env = at(broker.url, own, thresholds(2000, 7000));
      const first = launch(env);
      await first.ready();
      keepBeating(connection, [BEATING]);
      await send(connection, [heartbeat(NODE), heartbeat('node-that-left'), nodeLeft('node-that-left')]);
      await becomes(first, 'stale');
      await becomes(first, 'offline', 'node-that-left');
      // Empty if one commit stored the node's whole life.
      const leaving = transitions(own.databasePath, 'node-that-left');
      expect([[], ['online>offline left']]).toContainEqual(leaving);
      await first.stop(signal);
      await passed(7100);
      const next = launch(env);
      await next.ready();
      expect(await stateOf(next, NODE)).toBe('stale');
      expect(await stateOf(next, BEATING)).toBe('online');
      expect(await stateOf(next, 'node-that-left')).toBe('offline');
      expect(transitions(own.databasePath)).toEqual(['online>stale silence']);
      await shown(next, { onlineNodes: 1, staleNodes: 1, offlineNodes: 1 });
      // Its silence continues from the stored length.
      await becomes(next, 'offline');
      expect(transitions(own.databasePath)).toEqual(['online>stale silence', 'stale>offline silence']);
      expect(transitions(own.databasePath, BEATING)).toEqual([]);
      expect(transitions(own.databasePath, 'node-that-left')).toEqual(leaving);
      await expectConserved(next);
      expect(await next.stop()).toBe(0);
    };
    await Promise.all([restart('SIGTERM'), restart('SIGKILL')]);
  });

  it('lifecycle - a transition lost in a crash is made again after the start, once', async () => {
    const { own, broker, connection } = await federation('lost');
    const env = at(broker.url, own, thresholds(1000, 300_000));
    const slow = { SEAMS: '{"commitDelayMs":2500}', PUBLISH_INTERVAL: '600000' };
    const first = launch({ ...env, ...slow }, SERVE_WITH_SEAMS);
    await first.ready();
    await send(connection, [heartbeat(NODE)]);
    await counted(first, 1);
    await send(connection, [heartbeat(BEATING)]);
    // The actor has sent the transition, and the test kills the program before the slow commit stores it.
    await until('the transition to be made', async () => {
      return (await first.metric('aggregator_node_transitions_total', 'to="stale"')) > 0;
    });
    first.process.kill('SIGKILL');
    await first.exit;
    expect(transitions(own.databasePath)).toEqual([]);
    keepBeating(connection, [BEATING]);
    const next = launch(env);
    await becomes(next, 'stale');
    expect(transitions(own.databasePath)).toEqual(['online>stale silence']);
    await next.ready();
    await shown(next, { onlineNodes: 1, staleNodes: 1, offlineNodes: 0 });
    expect(transitions(own.databasePath)).toEqual(['online>stale silence']);
    expect(transitions(own.databasePath, BEATING)).toEqual([]);
    await expectConserved(next);
    expect(await next.stop()).toBe(0);
  });

  it('lifecycle - an absent broker, a stopped broker and a stopped program, each for longer than OFFLINE_AFTER, mark no node', async () => {
    const away = async (what: 'gone' | 'broker stopped' | 'program stopped') => {
      const { own, storeFolder, broker, connection } = await federation('away');
      // A pause counts at most 10 s of silence, and an absent broker none.
      const isGone = what === 'gone';
      const [staleMs, offlineMs, awayMs] = isGone ? [12_000, 13_000, 13_500] : [18_000, 19_000, 20_000];
      const program = launch(at(broker.url, own, thresholds(staleMs, offlineMs)));
      await program.ready();
      const stopBeating = keepBeating(connection, [BEATING]);
      // Its last message in this test.
      await send(connection, [heartbeat(NODE)]);
      await shown(program, { onlineNodes: 2 });
      if (isGone) {
        // No message may wait when the broker is back, because catching up would hide a clock that counts the absence.
        stopBeating();
        await connection.flush();
        await until('all to be committed', async () => {
          const { state } = await (await jetstreamManager(connection)).streams.info('TRUEBIT_INGEST');
          return (
            rowsOf(own.databasePath, 'SELECT last_seq FROM ingest_position')[0]?.['last_seq'] ===
            state.last_seq
          );
        });
        await broker.stop('SIGKILL');
        await passed(awayMs);
        expect((await program.get('/readyz')).status).toBe(503);
        expect(await stateOf(program, NODE)).toBe('online');
        await launchBroker({ storeFolder, port: broker.port });
      } else {
        const { process } = what === 'broker stopped' ? broker : program;
        process.kill('SIGSTOP');
        await passed(awayMs);
        if (what === 'broker stopped') {
          // The program gives the connection up within 20 s, and no tick waits for an answer.
          await until(
            'the loss to be told',
            async () => (await program.get('/readyz')).status === 503,
            15_000,
          );
          const ticks = await program.metric('aggregator_tick_seconds_count');
          await until(
            'another tick',
            async () => (await program.metric('aggregator_tick_seconds_count')) > ticks,
          );
          expect(await stateOf(program, NODE)).toBe('online');
        }
        process.kill('SIGCONT');
      }
      await program.ready();
      if (isGone) keepBeating(connection, [BEATING]);
      const heard = await program.metric('aggregator_messages_received_total');
      await until('more beats', async () => {
        return (await program.metric('aggregator_messages_received_total')) > heard + 20;
      });
      await shown(program, { onlineNodes: 2, staleNodes: 0, offlineNodes: 0 });
      const made = [...transitions(own.databasePath), ...transitions(own.databasePath, BEATING)];
      expect({ what, made }).toEqual({ what, made: [] });
      // The stale state may be shorter than the interval between two checks of the test.
      if (isGone) {
        await until('the silence to be counted again', () =>
          transitions(own.databasePath).includes('online>stale silence'),
        );
      }
      await expectConserved(program);
      expect(await program.stop()).toBe(0);
    };
    await Promise.all([away('gone'), away('broker stopped'), away('program stopped')]);
  });
});
