import { describe, expect, it } from 'vitest';
import { shardSubjectIndex } from '../../../src/federation/sources/shard-subjects.ts';

describe('subjects of an input stream', () => {
  it.each([
    ['truebit.heartbeat', 3],
    ['ingest.heartbeat', 3],
    ['ingest.2.heartbeat', 3],
    ['ingest.3.tasks.received', 0],
    ['ingest.tasks.completed', 1],
    ['truebit.nodes.left', 5],
    ['truebit.2.heartbeat', 6],
    ['ingest.2.3.heartbeat', 6],
    ['other.heartbeat', 6],
    ['heartbeat', 6],
    ['ingest.', 6],
    ['', 6],
  ])('%s', (subject, index) => {
    const indexOf = shardSubjectIndex();
    expect([indexOf(subject), indexOf(subject)]).toEqual([index, index]);
  });

  it('remembers few subjects, and knows the others all the same', () => {
    const indexOf = shardSubjectIndex();
    for (let shard = 0; shard < 1_000; shard++) expect(indexOf(`ingest.${shard}.heartbeat`)).toBe(3);
  });
});
