// Sending with a real broker: order, pace, confirmation, what the broker forbids, and the way back after a loss.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectOnce } from '../../../src/io/nats.ts';
import { freePort } from '../../support/free-port.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import {
  addFacts,
  factPayload,
  joinReply,
  listen,
  makeLink,
  natsOptions,
  type TestLink,
} from './link-fixture.ts';
import { startProxy } from './tcp-proxy.ts';

async function broker(configuration?: string) {
  if (configuration === undefined) {
    const server = await startNatsServer({});
    onTestFinished(() => server.stop());
    return server;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sinks-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const configurationFile = join(folder, 'nats.conf');
  writeFileSync(configurationFile, configuration);
  const server = await startNatsServer({ configurationFile });
  onTestFinished(() => server.stop());
  return server;
}

function empty({ outbox }: TestLink) {
  return until('the outbox to be empty', () => outbox.waiting.size === 0);
}

function sum(test: TestLink, outcome: string, type?: string): number {
  return test.link
    .messageCounts()
    .filter((each) => each.outcome === outcome && (type === undefined || each.type === type))
    .reduce((total, { count }) => total + count, 0);
}

/** What a broker confirmed within this time before it was killed may be lost with it (docs/guarantees.md). */
const HANDED_ON_MS = 25;

describe('sending', () => {
  it('sending - presence first, then new facts, then history; at the end node_left', async () => {
    const server = await broker();
    const listener = await listen(server.url, joinReply);
    const test = makeLink({ url: server.url });
    test.outbox.add('invoice_created', factPayload('invoice_created', 3), true);
    addFacts(test.outbox, 2);
    await test.link.start();
    await empty(test);
    await test.link.stop();
    await listener.connection.flush();
    expect(listener.heard.map(({ subject }) => subject)).toEqual([
      'truebit.nodes.joined',
      'truebit.heartbeat',
      'truebit.tasks.received',
      'truebit.tasks.completed',
      'truebit.invoices.created',
      'truebit.nodes.left',
    ]);
    const [, beat] = listener.heard;
    expect(JSON.parse(beat?.payload ?? '')).toMatchObject({
      type: 'heartbeat',
      data: {
        status: 'online',
        activeTasksBucket: '1',
        totalTasksBucket: '50-100',
        continentBucket: 'EU',
        locationBucket: '48.0,11.5',
      },
    });
    expect(sum(test, 'confirmed')).toBe(6);
    expect(test.outbox.counted).toEqual([2, 3, 1]);
  });

  it('sending - without an answer to the join 5 leave in the first second, and no more than 60 are under way', async () => {
    const server = await broker();
    const listener = await listen(server.url);
    const test = makeLink({ url: server.url });
    addFacts(test.outbox, 50);
    await test.link.start();
    await until('the first facts', () => sum(test, 'confirmed', 'task_received') > 0);
    await test.link.stop();
    const [first] = listener.heard;
    expect(listener.heard.filter(({ atMs }) => atMs - (first?.atMs ?? 0) < 900).length).toBeLessThanOrEqual(
      6,
    );
    const quick = makeLink({ url: server.url });
    const other = await listen(server.url, joinReply);
    addFacts(quick.outbox, 500);
    await quick.link.start();
    await empty(quick);
    expect(quick.outbox.mostTaken).toBe(60);
    await until('all facts', () => new Set(other.heard.map(({ payload }) => payload)).size >= 502);
  });

  it('sending - a forbidden subject waits for the next connection and is said once; the others go on', async () => {
    const server = await broker(`
      authorization { users: [ { user: a, password: b, permissions: {
        publish: { deny: ["truebit.tasks.completed"] }
      } } ] }`);
    const test = makeLink({ url: server.url, nats: { user: 'a', password: 'b' }, link: { rate: null } });
    addFacts(test.outbox, 9);
    await test.link.start();
    await until('the others', () => test.outbox.waiting.size === 3);
    expect([...test.outbox.waiting.values()].map(({ type }) => type)).toEqual(
      Array(3).fill('task_completed'),
    );
    expect(test.link.view().forbidden).toEqual(['task_completed']);
    expect(sum(test, 'confirmed', 'task_completed')).toBe(0);
    expect(sum(test, 'forbidden', 'task_completed')).toBeGreaterThan(0);
    expect(test.lines.filter(({ msg }) => msg.includes('task_completed'))).toHaveLength(1);
  });

  it('sending - a subject that is forbidden under the name to which the broker maps it is found out', async () => {
    const server = await broker(`
      mappings { "x.y": "x.z" }
      accounts { A {
        mappings { "truebit.tasks.completed": "ingest.tasks.completed" }
        users: [ { user: a, password: b, permissions: { publish: { allow: [
          "truebit.>", "_INBOX.>"
        ] } } } ]
      } }`);
    const test = makeLink({ url: server.url, nats: { user: 'a', password: 'b' } });
    addFacts(test.outbox, 9);
    await test.link.start();
    await until('the others', () => test.outbox.waiting.size === 3);
    expect([...test.outbox.waiting.values()].map(({ type }) => type)).toEqual(
      Array(3).fill('task_completed'),
    );
    expect(test.link.view().forbidden).toEqual(['task_completed']);
  });

  it('sending - what does not pass the last gate is set aside, and stops nothing else', async () => {
    const server = await broker();
    await listen(server.url, joinReply);
    const test = makeLink({ url: server.url });
    const bad = test.outbox.add('task_received', factPayload('task_received', 1).replace('wasm', 'WASM'));
    const foreign = test.outbox.add('task_received', factPayload('task_received', 1, 'node-of-another'));
    const other = test.outbox.add('task_completed', factPayload('task_received', 1));
    addFacts(test.outbox, 5);
    await test.link.start();
    await empty(test);
    expect(test.outbox.setAsides).toEqual([bad, foreign, other].map((id) => ({ id, reason: 'gate' })));
    expect(sum(test, 'set_aside')).toBe(3);
    expect(test.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields)).toEqual([
      { type: 'task_received', member: 'taskType' },
      { type: 'task_received', member: 'nodeId' },
      { type: 'task_completed', member: 'type' },
    ]);
  });

  it('sending - S12: the wire cut 50 times in the middle of a batch loses nothing, and each return has one heartbeat', async () => {
    const server = await broker();
    const proxy = await startProxy(server.port);
    const listener = await listen(server.url, joinReply);
    const test = makeLink({ url: proxy.url, random: () => 0.001 });
    let facts = 0;
    let cuts = 0;
    let isArmed = false;
    // Cut within a batch of facts, at a place that moves on each time.
    proxy.fromClient = (chunk) => {
      if (!isArmed || !chunk.includes('truebit.tasks.received')) return null;
      isArmed = false;
      return Math.floor((chunk.length * (cuts % 10)) / 10);
    };
    await test.link.start();
    for (; cuts < 50; cuts++) {
      addFacts(test.outbox, 90, facts);
      facts += 90;
      isArmed = true;
      test.link.wake();
      await until('the cut', () => !isArmed);
      await empty(test);
    }
    await until(
      'the last fact',
      () => new Set(listener.heard.map(({ payload }) => payload)).size >= facts + 2,
    );
    const payloads = listener.heard.filter(({ subject }) => /tasks|invoices/.test(subject));
    expect(new Set(payloads.map(({ payload }) => payload)).size).toBe(facts);
    expect(payloads.length - facts).toBeLessThanOrEqual(50 * 60);
    expect(test.link.view().reconnections).toBe(50);
    expect(listener.of('truebit.nodes.joined')).toHaveLength(1);
    expect(listener.of('truebit.heartbeat')).toHaveLength(51);
    expect(test.lines.filter(({ msg }) => msg.includes('lost'))).toHaveLength(1);
  });

  it('sending - S12: the broker killed 50 times in the middle of a batch loses nothing', async () => {
    const port = await freePort();
    let server = await startNatsServer({ port });
    onTestFinished(() => server.stop());
    const heard: NonNullable<Parameters<typeof listen>[2]> = [];
    const killedAtMs: number[] = [];
    const openedAtMs: number[] = [];
    let killAt = Infinity;
    const onHeard = () => {
      if (heard.length < killAt) return;
      killAt = Infinity;
      isOpen = false;
      killedAtMs.push(performance.now());
      server.process.kill('SIGKILL');
    };
    let listener = await listen(server.url, joinReply, heard, onHeard);
    let isOpen = true;
    const test = makeLink({
      url: server.url,
      random: () => 0.001,
      // The listener comes first: a message that nobody hears could not be counted.
      dial: (parts) =>
        isOpen ? connectOnce('a', natsOptions(server.url), parts) : Promise.reject(new Error('not yet')),
    });
    await test.link.start();
    await until('the connection', () => test.link.view().lastHeartbeatMs !== null);
    let facts = 0;
    const beats: number[] = [];
    for (let kill = 0; kill < 50; kill++) {
      killAt = heard.length + 1 + ((kill * 7) % 200);
      addFacts(test.outbox, 600, facts);
      facts += 600;
      test.link.wake();
      await until('the loss', () => !isOpen && !test.link.view().isConnected);
      await server.stop();
      expect(test.outbox.waiting.size).toBeGreaterThan(0);
      server = await startNatsServer({ port });
      const beatsBefore = heard.length;
      listener = await listen(server.url, joinReply, heard, onHeard);
      const openedMs = Date.now();
      openedAtMs.push(performance.now());
      isOpen = true;
      await empty(test);
      await listener.connection.flush();
      beats.push(heard.slice(beatsBefore).filter(({ subject }) => subject === 'truebit.heartbeat').length);
      expect(test.link.view().lastHeartbeatMs).toBeGreaterThanOrEqual(openedMs);
    }
    const came = new Set(heard.map(({ payload }) => payload));
    // A PONG does not mean that the broker has handed a message on: one that is killed at once takes it along.
    const excused = (atMs: number) =>
      killedAtMs.some((killedMs, kill) => atMs >= killedMs - HANDED_ON_MS && atMs <= (openedAtMs[kill] ?? 0));
    const lost = [...test.outbox.confirmedAtMs].filter(
      ([payload, atMs]) => !came.has(payload) && !excused(atMs),
    );
    expect(lost).toEqual([]);
    expect(test.outbox.confirmedAtMs.size).toBe(facts);
    expect(beats).toEqual(Array(50).fill(1));
    expect(heard.filter(({ subject }) => subject === 'truebit.nodes.joined')).toHaveLength(1);
  });
});
