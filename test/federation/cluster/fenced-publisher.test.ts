// The fence on real brokers: of two publishers one is heard, whatever becomes of the other.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { STATS_STREAM } from '../../../src/federation/domain/cluster.ts';
import { NOTHING_PUBLISHED } from '../../../src/federation/domain/published-tick.ts';
import { pause } from '../../../src/io/nats.ts';
import { publicJwk } from '../../../src/lib/ed25519.ts';
import { runCommand } from '../../support/command.ts';
import { until } from '../../support/until.ts';
import { testFolder } from '../store/opened.ts';
import { statisticsOf } from './counts.ts';
import { SERVERS, statsWorld } from './stats-world.ts';

const PROGRAM = fileURLToPath(new URL('publishing-program.ts', import.meta.url));
const T = 1_768_473_000_000;
const SUBJECTS = ['aggregated', 'period.1h', 'period.24h', 'period.7d'].map(
  (name) => `truebit.stats.${name}`,
);

const header = (t: number, tasks: number, publisher: string) => ({
  t,
  progress: { 0: tasks },
  placesAtMs: T,
  publisher,
});

type World = Awaited<ReturnType<typeof statsWorld>>;

/** Starts a publisher in a process of its own, which stops before message `after` + 1 of its tick. */
async function frozenIn(world: World, after: number, tasks: number) {
  const given = {
    servers: world.cluster.urls,
    login: world.cluster.login,
    key: world.key,
    t: T,
    tasks,
    after,
  };
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [PROGRAM, JSON.stringify(given)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('the publisher to be in the middle', () => said.includes('in the middle'));
  return {
    child,
    ended: async () => {
      if (child.exitCode === null) await once(child, 'exit');
      return said.split('\n')[1];
    },
  };
}

describe.each(SERVERS)('the fence of published statistics at %s', (bin) => {
  test('a tick is stored, republished with its headers, and known to the next publisher', async () => {
    const world = await statsWorld(bin);
    const first = world.publisher('one');
    // The stream is missing: the publisher makes it.
    expect(await first.published()).toEqual(NOTHING_PUBLISHED);
    for (const [index, t] of [T, T + 1].entries())
      expect(await first.publish(statisticsOf(5 + index, t), header(t, 5 + index, 'one'))).toEqual({
        type: 'published',
      });
    await until('eight messages', () => world.heard.length === 8);
    expect(world.heard.map(({ subject }) => subject)).toEqual([...SUBJECTS, ...SUBJECTS]);
    expect(world.heard.at(-1)).toMatchObject({ tasks: 6, header: header(T + 1, 6, 'one') });
    const second = world.publisher('two');
    const expected = {
      t: T + 1,
      isWhole: true,
      progress: { 0: 6 },
      all: statisticsOf(6, T + 1).periods.all,
      placesAtMs: T,
    };
    expect(await second.published()).toEqual(expected);
    expect(await first.published()).toEqual(expected);
  });

  test('of two publishers the second is refused, and nobody hears it', async () => {
    const world = await statsWorld(bin);
    const [one, two, three] = ['one', 'two', 'three'].map((name) => world.publisher(name));
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    // All of them read a stream that is empty.
    for (const each of [one, two, three]) await each.published();
    expect(await one.publish(statisticsOf(1, T), header(T, 1, 'one'))).toEqual({ type: 'published' });
    expect(await two.publish(statisticsOf(2, T), header(T, 2, 'two'))).toEqual({ type: 'refused' });
    // It reads again, and is then the one that is heard.
    expect(await two.published()).toMatchObject({ t: T, isWhole: true });
    expect(await two.publish(statisticsOf(3, T + 1), header(T + 1, 3, 'two'))).toEqual({ type: 'published' });
    for (const each of [one, three])
      expect(await each.publish(statisticsOf(9, T + 1), header(T + 1, 9, 'late'))).toEqual({
        type: 'refused',
      });
    await until('eight messages', () => world.heard.length >= 8);
    await world.settle();
    expect(world.heard.map(({ tasks }) => tasks)).toEqual([1, 1, 1, 1, 3, 3, 3, 3]);
  });

  test('a publisher that is frozen in mid-tick and wakes up is heard by nobody', async () => {
    const world = await statsWorld(bin);
    await world.makeStreams();
    const frozen = await frozenIn(world, 2, 7);
    frozen.child.kill('SIGSTOP');
    // What it says next waits with it.
    frozen.child.stdin.write('go\n');
    const next = world.publisher('next');
    expect(await next.published()).toMatchObject({ t: T, isWhole: false, progress: { 0: 7 } });
    expect(await next.publish(statisticsOf(8, T), header(T, 8, 'next'))).toEqual({ type: 'published' });
    frozen.child.kill('SIGCONT');
    expect(await frozen.ended()).toBe('refused');
    await world.settle();
    expect(world.heard.map(({ aggregatorId, tasks }) => `${aggregatorId} ${tasks}`)).toEqual([
      'frozen 7',
      'frozen 7',
      ...Array.from({ length: 4 }, () => 'next 8'),
    ]);
  });

  test.each([1, 2, 3])(
    'a publisher is killed after message %i: the next one publishes all four anew',
    async (after) => {
      const world = await statsWorld(bin);
      await world.makeStreams();
      const killed = await frozenIn(world, after, 7);
      killed.child.kill('SIGKILL');
      await killed.ended();
      const next = world.publisher('next');
      const before = await next.published();
      expect(before).toMatchObject({ t: T, isWhole: false });
      expect(await next.publish(statisticsOf(7, T), header(T, 7, 'next'))).toEqual({ type: 'published' });
      await until('all messages', () => world.heard.length === after + 4);
      for (const subject of SUBJECTS) {
        const of = world.heard.filter((each) => each.subject === subject);
        expect(of.at(-1)?.aggregatorId).toBe('next');
        expect(of.map(({ tasks }) => tasks)).toEqual(of.map(() => 7));
      }
    },
  );

  test('a stream that was deleted and made anew refuses whoever knew the old one', async () => {
    const world = await statsWorld(bin);
    const [one, two] = [world.publisher('one'), world.publisher('two')];
    for (const each of [one, two]) await each.published();
    expect(await one.publish(statisticsOf(1, T), header(T, 1, 'one'))).toEqual({ type: 'published' });
    await world.manager.streams.delete(STATS_STREAM);
    expect(await one.publish(statisticsOf(2, T + 1), header(T + 1, 2, 'one'))).toMatchObject({
      type: 'unknown',
    });
    expect(await one.published()).toEqual(NOTHING_PUBLISHED);
    expect(await one.publish(statisticsOf(2, T + 1), header(T + 1, 2, 'one'))).toEqual({ type: 'published' });
    // It believes that the stream is empty, as it was when it looked.
    expect(await two.publish(statisticsOf(9, T), header(T, 9, 'two'))).toEqual({ type: 'refused' });
    await until('eight messages', () => world.heard.length === 8);
    expect(world.heard.map(({ tasks }) => tasks)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
  });

  test('brokers that do not answer leave the outcome unknown, and the tick is published whole afterwards', async () => {
    const world = await statsWorld(bin);
    const publisher = world.publisher('one');
    await publisher.published();
    world.cluster.stop(0);
    expect(await publisher.publish(statisticsOf(1, T), header(T, 1, 'one'))).toMatchObject({
      type: 'unknown',
    });
    world.cluster.cont(0);
    // The broker may store that message only now, and then refuses what was to stand at its place.
    await until('the whole tick', async () => {
      const before = await publisher.published().catch(() => null);
      if (before === null) return false;
      expect(before.isWhole).toBe(false);
      const { type } = await publisher.publish(statisticsOf(1, T), header(T, 1, 'one'));
      return type === 'published';
    });
    await until('the whole tick at the monitor', async () => {
      await world.settle();
      return world.heard.at(-1)?.subject === SUBJECTS.at(-1);
    });
    expect(world.heard.slice(-4).map(({ subject }) => subject)).toEqual(SUBJECTS);
  });

  test('`aggregator verify` accepts a republished message', async () => {
    const world = await statsWorld(bin);
    const folder = testFolder('verify');
    onTestFinished(() => folder.remove());
    const keys = folder.path('keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [publicJwk(world.key.x)] }));
    const publisher = world.publisher('one');
    await publisher.published();
    const stop = new AbortController();
    const verifying = runCommand(['verify', '--keys', keys, '--json'], {
      NATS_URL: world.cluster.urls[0] ?? '',
    }).finally(() => stop.abort());
    for (let tick = 0; !stop.signal.aborted; tick++) {
      await publisher.publish(statisticsOf(tick, T + tick), header(T + tick, tick, 'one'));
      await pause(100, stop.signal);
    }
    const { code, stdout } = await verifying;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      genuine: true,
      subject: 'truebit.stats.aggregated',
      keyId: publicJwk(world.key.x).kid,
      aggregatorId: 'one',
    });
  });
});
