// Splitters in a world of faults: requests without answers, lost acknowledgements, rounds that a log forgets, a stream
// that loses messages, records that are gone, splitters that die. At rest every partition has what the stream says.

import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../../src/federation/domain/placement.ts';
import { SplitterWorld } from '../../support/splitter-world.ts';

const SEEDS = Number(process.env['SPLITTER_SEEDS'] ?? 12);
const FIRST = Number(process.env['SPLITTER_FIRST_SEED'] ?? 1);
const STEPS = 40;

async function run(seed: number): Promise<SplitterWorld> {
  const world = new SplitterWorld(seed, seed % 3 === 0 ? 1 : 3);
  const { random } = world;
  const one = (count: number) => Math.floor(random() * count);
  world.publish(one(300));
  if (random() < 0.3) world.purge(one(100));
  let number = 0;
  const start = () => world.start(`s${number++}`);
  let splitters = [start()];
  world.faults = random() * 0.1;
  for (let step = 0; step < STEPS; step++) {
    world.publish(one(120));
    const chance = random();
    if (chance < 0.15) splitters.splice(one(splitters.length), 1).forEach((splitter) => splitter.kill());
    else if (chance < 0.25) world.eraseEnd(one(world.partitions), 1 + one(20));
    else if (chance < 0.3) world.purge(world.lastSeq - one(200));
    else if (chance < 0.33) world.removed.add(1 + one(world.lastSeq));
    else if (chance < 0.36) world.loseRecords();
    else if (chance < 0.4) world.isAway = !world.isAway;
    else if (chance < 0.55) world.resting = world.resting === null ? one(world.partitions) : null;
    if (splitters.length === 0 || (splitters.length < 3 && random() < 0.15))
      splitters = [...splitters, start()];
    await world.time.advance(50 + one(1_500));
  }
  world.faults = 0;
  world.isAway = false;
  world.resting = null;
  if (splitters.length === 0) splitters.push(start());
  await world.time.advance(60_000);
  return world;
}

describe('splitters in a simulated world', () => {
  it.each(Array.from({ length: SEEDS }, (_none, index) => FIRST + index))('seed %i', async (seed) => {
    const world = await run(seed);
    for (const [partition, { taken }] of world.receivers.entries()) {
      expect([...taken.keys()]).toEqual(['SHARD@c']);
      const [source] = taken.values();
      expect(source?.upto).toBe(world.lastSeq);
      for (const { seq, payload } of world.published) {
        const isOwn = partitionOf(payload, seq, world.partitions) === partition;
        const text = source?.payloads.get(seq);
        if (text !== undefined) expect([isOwn, text]).toEqual([true, payload.toString()]);
        // What a partition must have and has not was removed from the stream.
        else if (isOwn) expect([seq, world.removed.has(seq)]).toEqual([seq, true]);
      }
      // A lost range is told to the partition of its last sequence, so only one partition alone hears of all.
      const untold = world.published.filter(
        ({ seq }) =>
          seq >= (source?.first ?? 0) && source?.payloads.has(seq) !== true && source?.lost.has(seq) !== true,
      );
      expect(world.partitions === 1 ? untold : []).toEqual([]);
      for (const seq of source?.lost ?? []) expect(world.removed.has(seq)).toBe(true);
    }
  });
});
