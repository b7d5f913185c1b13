// The pure rules of the main thread's part of a cluster: who fits its config, who must be seeded, who is there, and whose
// rows differ.

import { describe, expect, test } from 'vitest';
import type { ClusterConfig, Place } from '../../../src/federation/domain/cluster.ts';
import {
  type Candidate,
  configOf,
  decodeClusterConfig,
  disagreement,
  hasIdentityOf,
} from '../../../src/federation/domain/cluster-config.ts';
import { decodePlace } from '../../../src/federation/domain/place.ts';
import { settleConfig } from '../../../src/federation/cluster/config.ts';
import { DigestWatch } from '../../../src/federation/cluster/digest-watch.ts';
import { HEARD_WITHIN_MS, Places, PLACES_MAX, SHOWN_MS } from '../../../src/federation/cluster/places.ts';
import { type BeginningFacts, seedReason } from '../../../src/federation/cluster/seed-rule.ts';
import { MemoryRecords } from '../../support/memory-records.ts';

const SALT = 'a'.repeat(64);
const CANDIDATE: Candidate = {
  name: 'one',
  partitions: 1,
  partition: 0,
  givenAggregatorId: null,
  givenSalt: null,
  membership: null,
  identity: { salt: SALT, statisticsKey: { x: 'x'.repeat(43), d: 'd'.repeat(43) } },
  aggregatorId: 'agg-1',
  hasRows: false,
};
const CONFIG = configOf(CANDIDATE, 'id-1');
const MEMBER = { name: 'one', id: 'id-1', partitions: 1, partition: 0 };

describe('config of a cluster', () => {
  test('is read as it was written', () => {
    expect(decodeClusterConfig(JSON.stringify(CONFIG))).toEqual(CONFIG);
    const continued = configOf({ ...CANDIDATE, hasRows: true }, 'id-1');
    expect(decodeClusterConfig(JSON.stringify(continued))).toEqual({ ...CONFIG, continues: true });
  });

  test.each<[string, unknown]>([
    ['no JSON', undefined],
    ['a list', []],
    ['another version', { ...CONFIG, version: 2 }],
    ['other routing', { ...CONFIG, routing: 2 }],
    ['no identity', { ...CONFIG, identity: null }],
    ['half a key', { ...CONFIG, identity: { salt: SALT, statisticsKey: { x: 'x'.repeat(43) } } }],
    ['a salt that is none', { ...CONFIG, identity: { ...CONFIG.identity, salt: 'salt' } }],
    ['a fraction of partitions', { ...CONFIG, partitions: 1.5 }],
    ['no partitions', { ...CONFIG, partitions: 0 }],
  ])('is refused with %s', (_name, value) => {
    expect(decodeClusterConfig(JSON.stringify(value) ?? '{')).toBeNull();
  });

  test.each<[string, Partial<Candidate>]>([
    ['nothing given', {}],
    ['the same id given', { givenAggregatorId: 'agg-1' }],
    ['the same salt given', { givenSalt: SALT }],
    ['another identity in its database', { aggregatorId: 'other' }],
    ['its database in the cluster', { membership: MEMBER }],
  ])('fits a process with %s', (_name, change) => {
    expect(disagreement(CONFIG, { ...CANDIDATE, ...change })).toBeNull();
  });

  test.each<[string, Partial<Candidate>, readonly string[]]>([
    ['another name', { name: 'two' }, ['CLUSTER', '"two"', '"one"']],
    ['other partitions', { partitions: 4 }, ['PARTITIONS', '4', '1']],
    ['another id given', { givenAggregatorId: 'agg-2' }, ['AGGREGATOR_ID', '"agg-2"', '"agg-1"']],
    ['another salt given', { givenSalt: 'b'.repeat(64) }, ['FEDERATION_SALT', '"one"']],
    ['a database of another cluster', { membership: { ...MEMBER, id: 'id-2' } }, ['DB_PATH']],
  ])('does not fit a process with %s, and no secret is told', (_name, change, parts) => {
    const sentence = disagreement(CONFIG, { ...CANDIDATE, ...change }) ?? '';
    for (const part of parts) expect(sentence).toContain(part);
    for (const secret of [SALT, 'b'.repeat(64), 'd'.repeat(43)]) expect(sentence).not.toContain(secret);
  });

  test('is made once by processes that begin at the same moment, and has the identity of one of them', async () => {
    const records = new MemoryRecords(() => 0);
    const candidates = ['agg-1', 'agg-2', 'agg-3'].map((aggregatorId) => ({ ...CANDIDATE, aggregatorId }));
    const configs = await Promise.all(candidates.map((each) => settleConfig(records, each, null)));
    expect(new Set(configs.map(({ id }) => id)).size).toBe(1);
    const made: ClusterConfig | undefined = configs[0];
    expect(candidates.filter((each) => made !== undefined && hasIdentityOf(made, each))).toHaveLength(1);
  });

  test('is made again with its own id when its record was lost', async () => {
    const records = new MemoryRecords(() => 0);
    const { id } = await settleConfig(records, CANDIDATE, null);
    records.clear();
    const member = { ...CANDIDATE, membership: { ...MEMBER, id } };
    expect((await settleConfig(records, member, null)).id).toBe(id);
    records.clear();
    expect((await settleConfig(records, CANDIDATE, { ...CONFIG, id })).id).toBe(id);
  });

  test('that cannot be read, or does not fit, ends the process with a code', async () => {
    const records = new MemoryRecords(() => 0);
    await records.write('tbcluster.config', '{"version":2}', 0);
    await expect(settleConfig(records, CANDIDATE, null)).rejects.toMatchObject({ code: 'cluster_mismatch' });
    await records.write('tbcluster.config', JSON.stringify(CONFIG), null);
    await expect(settleConfig(records, { ...CANDIDATE, name: 'two' }, null)).rejects.toMatchObject({
      code: 'cluster_mismatch',
    });
  });
});

function place(replica: string, process: string, progress = 10, nodesDigest = 'd'): Place {
  return {
    partition: 0,
    replica,
    process,
    http: `${process}:8080`,
    version: '1.0.0',
    roundVersion: 1,
    isActive: false,
    isPublisher: false,
    isReady: true,
    position: {
      logSeq: 5,
      progress,
      sources: [{ stream: 'TRUEBIT_INGEST_1', incarnation: '2026', upto: 9, watermarkMs: 8, isAway: false }],
      holes: 0,
      control: null,
      nodesDigest,
    },
  };
}

describe('place', () => {
  test('is read as it was written', () => {
    const own = place('a', 'p1');
    expect(decodePlace(Buffer.from(JSON.stringify(own)))).toEqual(own);
  });

  test.each<[string, object]>([
    ['a replica with a dot', { replica: 'a.b' }],
    ['no position', { position: null }],
    ['a negative progress', { position: { ...place('a', 'p').position, progress: -1 } }],
    ['a broken source', { position: { ...place('a', 'p').position, sources: [{}] } }],
    ['control characters', { http: 'a\nb' }],
  ])('is refused with %s', (_name, change) => {
    expect(decodePlace(Buffer.from(JSON.stringify({ ...place('a', 'p'), ...change })))).toBeNull();
  });

  test('is refused if it is no JSON, or too long', () => {
    expect(decodePlace(Buffer.from('{'))).toBeNull();
    expect(decodePlace(Buffer.alloc(100_000, ' '))).toBeNull();
  });
});

describe('places', () => {
  const own = place('a', 'p1');

  test('are there for 10 s, the own one always, and shown as silent for a day', () => {
    const places = new Places();
    places.heard(place('b', 'p2'), 0);
    const there = (nowMs: number) => places.there(own, nowMs).map(({ replica }) => replica);
    const shown = (nowMs: number) =>
      places.sights(own, nowMs).map((sight) => [sight.place.replica, sight.place.isReady]);
    expect(there(HEARD_WITHIN_MS - 1)).toEqual(['a', 'b']);
    expect(there(HEARD_WITHIN_MS)).toEqual(['a']);
    expect(shown(HEARD_WITHIN_MS - 1)).toEqual([
      ['a', true],
      ['b', true],
    ]);
    expect(shown(SHOWN_MS - 1)).toEqual([
      ['a', true],
      ['b', false],
    ]);
    expect(shown(SHOWN_MS)).toEqual([['a', true]]);
  });

  test('of a dead publisher give way to its successor, and to the same replica started again', () => {
    const places = new Places();
    const leading = { isActive: true, isPublisher: true };
    const roles = (self: Place, nowMs: number) =>
      places
        .sights(self, nowMs)
        .map(({ place: { replica, process, isActive, isPublisher } }) => [
          replica,
          process,
          isActive,
          isPublisher,
        ]);
    places.heard({ ...place('b', 'dead'), ...leading }, 0);
    expect(roles({ ...own, ...leading }, 2_500)).toEqual([
      ['a', 'p1', true, true],
      ['b', 'dead', false, false],
    ]);
    places.heard(place('b', 'again'), 3_000);
    expect(roles(own, 3_000)).toEqual([
      ['a', 'p1', false, false],
      ['b', 'again', false, false],
    ]);
    expect(roles(place('b', 'own'), 3_500)).toEqual([
      ['b', 'own', false, false],
      ['b', 'again', false, false],
    ]);
  });

  test('of two processes with one name are told apart from a restart', () => {
    const places = new Places();
    places.heard(place('a', 'p1'), 0);
    places.heard(place('a', 'earlier'), 0);
    expect(places.doubles(own, 1)).toEqual([]);
    places.heard(place('a', 'earlier'), 1_000);
    places.heard(place('b', 'p2'), 1_000);
    places.heard(place('b', 'p2'), 2_000);
    expect(places.doubles(own, 2_000).map(({ http }) => http)).toEqual(['earlier:8080']);
  });

  test('are limited in number', () => {
    const places = new Places();
    for (let index = 0; index < 2 * PLACES_MAX; index += 1) places.heard(place(`r${index}`, `p${index}`), 0);
    expect(places.sights(own, 1)).toHaveLength(PLACES_MAX + 1);
  });
});

describe('digest watch', () => {
  test('finds a replica that differs at three positions, and forgets it once it agrees', () => {
    const watch = new DigestWatch();
    for (const progress of [1, 2, 3, 4]) watch.passed(place('a', 'p1', progress, `d${progress}`).position);
    watch.compare(place('b', 'p2', 1, 'other'));
    watch.compare(place('b', 'p2', 1, 'other'));
    watch.compare(place('b', 'p2', 2, 'other'));
    watch.compare(place('b', 'p2', 99, 'other'));
    expect(watch.differing).toEqual([]);
    watch.compare(place('b', 'p2', 3, 'other'));
    expect(watch.differing).toEqual(['b']);
    watch.compare(place('b', 'p2', 4, 'd4'));
    expect(watch.differing).toEqual([]);
  });
});

describe('seed rule', () => {
  const FRESH: BeginningFacts = {
    progress: 0,
    hasRows: false,
    continues: false,
    log: { firstSeq: 1, lastSeq: 100 },
    others: [{ progress: 50, logSeq: 100 }],
  };
  test.each<[string, Partial<BeginningFacts>, boolean]>([
    ['may read a log that begins at its first round', {}, false],
    [
      'may read any log of which no replica has applied anything',
      { log: { firstSeq: 7, lastSeq: 9 }, others: [] },
      false,
    ],
    ['must be seeded if the log begins later', { log: { firstSeq: 2, lastSeq: 100 } }, true],
    ['must be seeded if the log went back', { log: { firstSeq: 1, lastSeq: 99 } }, true],
    ['must be seeded if the cluster continues a database', { continues: true, others: [] }, true],
    [
      'may go on from what it has applied',
      { progress: 1, continues: true, log: { firstSeq: 9, lastSeq: 9 } },
      false,
    ],
    ['may go on with the counts that it holds', { hasRows: true, continues: true }, false],
  ])('a replica %s', (_name, change, mustBeSeeded) => {
    expect(seedReason({ ...FRESH, ...change }) !== null).toBe(mustBeSeeded);
  });
});
