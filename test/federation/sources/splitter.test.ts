// Splitters against a real broker: what the logs hold is a function of the stream, whatever happens to the splitters.

import { describe, expect, it, onTestFinished } from 'vitest';
import { CLUSTER_STREAM, CLUSTER_SUBJECTS, logStream } from '../../../src/federation/domain/cluster.ts';
import { askForGap, type SplitterRig, SHARD, startSplitterRig } from '../../support/splitter-rig.ts';
import { until } from '../../support/until.ts';

/** Every partition has exactly what the stream says, of one source. */
async function expectExact(rig: SplitterRig): Promise<void> {
  await rig.settled();
  for (let partition = 0; partition < rig.partitions; partition++) {
    const { sources } = await rig.receive(partition);
    expect(sources.size).toBe(1);
    const [source] = sources.values();
    expect(source?.entries).toEqual(await rig.expected(partition));
  }
}

describe('splitter', () => {
  it('copies every message into the log of its partition, unchanged and in order', async () => {
    const rig = await startSplitterRig(3);
    await rig.publish(3_000);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(500);
    await expectExact(rig);
    await until('the checkpoint', () => splitter.status.checkpoint === 3_500);
    expect(splitter.status).toMatchObject({
      messages: 3_500,
      restarts: 0,
      lost: 0,
      isAway: false,
      behindMs: 0,
    });
  });

  it('speaks once a second at rest', async () => {
    const rig = await startSplitterRig(2);
    await rig.splitter('a').start();
    const watermarks = async () =>
      (await rig.receive(1)).headers.map(({ atMs, behindMs }) => atMs - behindMs);
    await until('two rounds that say how far the stream was read', async () => {
      return new Set(await watermarks()).size >= 2;
    });
    const { headers } = await rig.receive(1);
    for (const { from, to, count, first, isAway } of headers)
      expect([from, to, count, first, isAway]).toEqual([0, 0, 0, 1, false]);
    expect(await watermarks()).toEqual((await watermarks()).toSorted((one, other) => one - other));
  });

  it('is exact when it is killed at random, and when two are at work', async () => {
    const rig = await startSplitterRig(2);
    rig.spawn('always');
    for (let kills = 0; kills < 4; kills++) {
      const child = rig.spawn(`killed-${kills}`);
      await rig.publishUntilHeard(`killed-${kills}`);
      for (let parts = 0; parts < kills; parts++) await rig.publish(150);
      child.kill('SIGKILL');
    }
    await expectExact(rig);
  });

  it('begins again at the checkpoint when a log does not take its rounds', async () => {
    const rig = await startSplitterRig(2);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(300);
    await rig.settled();
    await rig.manager.streams.delete(logStream(1));
    await rig.publish(300);
    await until('a restart', () => splitter.status.restarts > 0);
    expect(splitter.status.problem).not.toBeNull();
    await rig.makeStreams();
    await until('the checkpoint', () => splitter.status.checkpoint === 600);
    const { sources, holes } = await rig.receive(1);
    // The log begins in the middle of the source: all of it is beyond a hole until it is asked for.
    expect(holes).toBeGreaterThan(0);
    expect([...sources.values()].map(({ upto }) => upto)).toEqual([0]);
  });
});

describe('splitter - heals', () => {
  it('sends a log that was deleted everything again, while the stream goes on', async () => {
    const rig = await startSplitterRig(2);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(5_000);
    await rig.settled();
    await rig.manager.streams.delete(logStream(1));
    await rig.makeStreams();
    const { source } = splitter.status;
    if (source === null) throw new Error('no source');
    // Two replicas ask for the same.
    for (const upto of [0, 0, 100]) askForGap(rig, source, upto, 1);
    await rig.publish(1_000);
    await expectExact(rig);
    await until('the end of the heal', () => splitter.status.checkpoint === 6_000);
    expect(splitter.status.heals).toBe(1);
    expect((await rig.receive(0)).holes).toBe(0);
  });

  it('says what the stream no longer holds', async () => {
    const rig = await startSplitterRig(1);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(1_000);
    await rig.settled();
    await rig.manager.streams.delete(logStream(0));
    await rig.makeStreams();
    await rig.manager.streams.purge(SHARD, { seq: 401 });
    await rig.manager.streams.deleteMessage(SHARD, 700);
    const { source } = splitter.status;
    if (source === null) throw new Error('no source');
    askForGap(rig, source, 100, 0);
    // The replica has everything up to 100, so the first round must follow on.
    await until('the heal', async () => {
      const { headers } = await rig.receive(0);
      const healed = headers.filter(({ count }) => count > 0);
      return healed[0]?.from === 100 && healed.at(-1)?.to === 1_000;
    });
    expect(await rig.lost(0)).toEqual([
      [400, 300],
      [700, 1],
    ]);
  });

  it('takes no notice of requests that are none, of another source, or for what is on its way', async () => {
    const rig = await startSplitterRig(1);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(100);
    await until('the checkpoint', () => splitter.status.checkpoint === 100);
    const { source } = splitter.status;
    if (source === null) throw new Error('no source');
    rig.connection.publish(CLUSTER_SUBJECTS.gap(SHARD), 'x');
    askForGap(rig, { ...source, incarnation: 'other' }, 0, 0);
    askForGap(rig, source, 100, 0);
    askForGap(rig, source, 0, 7);
    await rig.publish(10);
    await until('the checkpoint', () => splitter.status.checkpoint === 110);
    expect(splitter.status.heals).toBe(0);
  });
});

describe('splitter - streams that change', () => {
  it('a stream that was made anew is another source, and nothing of it is missed', async () => {
    const rig = await startSplitterRig(1);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(500);
    await until('the checkpoint', () => splitter.status.checkpoint === 500);
    await rig.manager.streams.delete(SHARD);
    await rig.makeInput();
    await rig.publish(200);
    await until('the new source', () => splitter.status.checkpoint === 200);
    const { sources, holes } = await rig.receive(0);
    expect([...sources.values()].map(({ upto, first }) => [first, upto])).toEqual([
      [1, 500],
      [1, 200],
    ]);
    expect([...sources.values()][1]?.entries).toEqual(await rig.expected(0));
    expect(holes).toBe(0);
  });

  it('says so while the stream is away, and goes on when it is back', async () => {
    const rig = await startSplitterRig(1);
    const splitter = rig.splitter('a');
    await splitter.start();
    await rig.publish(100);
    await until('the checkpoint', () => splitter.status.checkpoint === 100);
    await rig.manager.streams.delete(SHARD);
    await until('two rounds that say so', async () => {
      const { headers } = await rig.receive(0);
      return headers.filter(({ isAway }) => isAway).length >= 2;
    });
    const { headers } = await rig.receive(0);
    const away = headers.filter(({ isAway }) => isAway);
    expect(away.map(({ from, to, count }) => [from, to, count])).toContainEqual([100, 100, 0]);
    const watermarks = away.map(({ atMs, behindMs }) => atMs - behindMs);
    expect(new Set(watermarks).size).toBe(1);
    // Replicas hear of every stream once a second, also meanwhile.
    const gaps = headers.slice(1).map(({ atMs }, index) => atMs - (headers[index]?.atMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(10_000);
    await rig.makeInput();
    await rig.publish(10);
    await until('the new source', () => splitter.status.checkpoint === 10);
    expect(splitter.status.isAway).toBe(false);
  });

  it('counts what was purged before it was read', async () => {
    const rig = await startSplitterRig(1);
    await rig.publish(300);
    const first = rig.splitter('a');
    await first.start();
    await until('the checkpoint', () => first.status.checkpoint === 300);
    await first.stop();
    await rig.publish(200);
    await rig.manager.streams.purge(SHARD);
    const second = rig.splitter('b');
    await second.start();
    await until('the loss', () => second.status.checkpoint === 500);
    expect(second.status.lost).toBe(200);
    // Under way, too: the splitter is at the end and rests.
    await rig.publish(10);
    await until('the messages', () => second.status.checkpoint === 510);
    expect(await rig.lost(0)).toEqual([[500, 200]]);
    expect([...(await rig.receive(0)).sources.values()].map(({ upto }) => upto)).toEqual([510]);
  });

  it('without a checkpoint it begins where the replica that is furthest behind stands', async () => {
    const rig = await startSplitterRig(1);
    const first = rig.splitter('a');
    await first.start();
    await rig.publish(400);
    await until('the checkpoint', () => first.status.checkpoint === 400);
    const { source } = first.status;
    await first.stop();
    await rig.manager.streams.delete(CLUSTER_STREAM);
    await rig.makeStreams();
    const timer = setInterval(() => {
      for (const [replica, upto] of [
        ['r1', 390],
        ['r2', 350],
      ] as const) {
        const place = { position: { sources: [{ ...source, upto, watermarkMs: 1, isAway: false }] } };
        rig.connection.publish(CLUSTER_SUBJECTS.position(0, replica), JSON.stringify(place));
      }
    }, 100);
    onTestFinished(() => clearInterval(timer));
    const second = rig.splitter('b');
    await second.start();
    await until('the checkpoint', () => second.status.checkpoint === 400);
    expect(second.status.source).toEqual(source);
    const { headers } = await rig.receive(0);
    const again = headers.find(({ maker, count }) => maker === 'b' && count > 0);
    expect(again).toMatchObject({ from: 350, to: 400 });
  });
});
