import { readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { performOperatorRequest } from '../../../src/federation/cli/operator-request.ts';
import { readSettings, type Settings } from '../../../src/federation/config/settings.ts';
import type { Membership } from '../../../src/federation/domain/cluster.ts';
import type { OperatorRequest } from '../../../src/federation/domain/operator-request.ts';
import type { Place } from '../../../src/federation/store/membership.ts';
import { MIGRATIONS } from '../../../src/federation/store/migrations/index.ts';
import { openDatabase } from '../../../src/federation/store/open-database.ts';
import { CodedError } from '../../../src/lib/errors.ts';
import { taskReceived } from '../../support/messages.ts';
import { entryOf, roundOf } from '../threads/log-of-rounds.ts';
import { LogReplica } from '../threads/log-replica.ts';
import { NOW_MS } from './events.ts';
import { testFolder } from './opened.ts';

const MEMBERSHIP: Membership = { name: 'alpha', id: 'id-1', partitions: 2, partition: 1 };
const OWN: Place = { name: 'alpha', partitions: 2, partition: 1 };
const IDENTITY = { salt: 'cd'.repeat(32), statisticsKey: { x: 'x'.repeat(43), d: 'd'.repeat(43) } };

function setUp() {
  const folder = testFolder('membership');
  onTestFinished(() => folder.remove());
  const path = folder.path('a.db');
  const settingsOf = (place: Place | null, env: Readonly<Record<string, string>> = {}): Settings => {
    const cluster = { CLUSTER: 'alpha', NATS_URL: 'nats://127.0.0.1:4222' };
    const { settings } = readSettings({ DB_PATH: path, ...cluster, ...env });
    return {
      ...settings,
      cluster: settings.cluster === null || place === null ? null : { ...settings.cluster, ...place },
    };
  };
  const open = (place: Place | null = null, env: Readonly<Record<string, string>> = {}) => {
    const settings = settingsOf(place, env);
    const { lock, writer, identity } = openDatabase(settings, NOW_MS, () => undefined);
    const close = () => {
      writer.current.close();
      lock.release();
    };
    return { writer, identity, close };
  };
  const join = (env: Readonly<Record<string, string>> = {}) => {
    const opened = open(null, env);
    opened.writer.join(MEMBERSHIP, IDENTITY, 'agg-of-cluster');
    opened.writer.commit(NOW_MS, 0);
    opened.close();
  };
  return { path, settingsOf, open, join };
}

/** The code and the sentence of the error. */
async function failure(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof CodedError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('membership', () => {
  it('membership - a database that joined keeps the identity of its cluster, and is opened by its place', () => {
    const { open, join } = setUp();
    const before = open();
    expect(before.writer.current.membership).toBeNull();
    before.close();
    join();
    const after = open(OWN);
    expect(after.writer.current.membership).toEqual(MEMBERSHIP);
    expect(after.writer.current.aggregatorId).toBe('agg-of-cluster');
    expect(after.identity).toEqual(IDENTITY);
    expect(after.writer.replica).toMatchObject({ logSeq: 0, progress: 0, sources: [], control: null });
    after.close();
  });

  it('membership - a salt that is given at each start is not stored by joining', () => {
    const { path, join } = setUp();
    join({ FEDERATION_SALT: IDENTITY.salt });
    expect(readFileSync(path).includes(IDENTITY.salt)).toBe(false);
  });

  it.each<[string, Place | null]>([
    ['another cluster', { ...OWN, name: 'beta' }],
    ['another partition', { ...OWN, partition: 0 }],
    ['another number of partitions', { ...OWN, partitions: 4 }],
    ['no cluster', null],
  ])(
    'membership - a process of %s does not open the file, and leaves every byte of it',
    async (_whose, place) => {
      const { path, open, join } = setUp();
      join();
      // As an earlier version would have left it: a start would migrate it.
      const database = new Sqlite(path);
      database.pragma(`user_version = ${MIGRATIONS.length - 1}`);
      database.close();
      const before = readFileSync(path);
      const sentence = await failure(() => open(place));
      expect(sentence).toMatch(
        /^cluster_mismatch: The database .* belongs to partition 1 of 2 of the cluster alpha, and /,
      );
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );

  const alone = [
    {
      type: 'createKey',
      key: { keyHash: 'ab'.repeat(32), name: 'n', nodeId: null, permissions: ['publish'], ratePerMinute: 0 },
    },
    { type: 'revokeKey', keyId: 'ab'.repeat(8) },
    { type: 'forgetNode', nodeId: 'node-1' },
    { type: 'blockNode', nodeId: 'node-1' },
    { type: 'unblockNode', nodeId: 'node-1' },
  ] satisfies OperatorRequest[];

  it('membership - without the program, a command changes no replica alone, and questions are answered', async () => {
    const { settingsOf, join } = setUp();
    join();
    const settings = settingsOf(OWN);
    for (const request of alone) {
      const sentence = await failure(() => performOperatorRequest(settings, request));
      expect(sentence).toMatch(
        /^cluster_mismatch: The database belongs to the cluster alpha, .*start the aggregator/,
      );
    }
    expect(await performOperatorRequest(settings, { type: 'listKeys' })).toEqual([]);
    expect(await performOperatorRequest(settings, { type: 'listBlocked' })).toEqual([]);
    const seen = { lost: 0, shed: 0, quarantined: 0 };
    expect(await performOperatorRequest(settings, { type: 'acknowledge', upTo: seen })).toMatchObject({});
  });

  it('membership - the loop tells main that the database has joined when that is on disk, after a failure too', () => {
    const { path } = setUp();
    const replica = new LogReplica(path);
    onTestFinished(() => replica.close());
    expect(replica.main[0]).toMatchObject({ type: 'opened', membership: null });
    replica.own.disk.refuse('busy');
    replica.loop.receive({ type: 'join', membership: MEMBERSHIP, identity: IDENTITY, aggregatorId: 'agg' });
    expect(replica.main.some(({ type }) => type === 'joined')).toBe(false);
    replica.own.disk.heal();
    replica.settle();
    const joined = { type: 'joined', identity: IDENTITY, aggregatorId: 'agg' };
    expect(replica.main.filter(({ type }) => type === 'joined')).toEqual([joined]);
    expect(replica.own.column("SELECT value ->> 'id' FROM settings_kept WHERE name = 'cluster'")).toEqual([
      'id-1',
    ]);
    expect(replica.position).toMatchObject({ logSeq: 0, progress: 0, sources: [] });
    for (const request of alone) {
      replica.loop.receive({ type: 'operatorRequest', id: 7, request });
      expect(replica.main.at(-1)).toMatchObject({
        id: 7,
        reply: { type: 'refused', code: 'cluster_mismatch' },
      });
    }
    replica.restart();
    expect(replica.main.findLast(({ type }) => type === 'opened')).toMatchObject({
      type: 'opened',
      membership: MEMBERSHIP,
    });
  });

  it('membership - a database of a single process goes on in a log: with its rows, its position and its clock', () => {
    const { path } = setUp();
    const replica = new LogReplica(path);
    onTestFinished(() => replica.close());
    const created = '2026-01-01T00:00:00Z';
    replica.say({
      type: 'attach',
      stream: { name: 'S', created, firstSeq: 1, lastSeq: 2 },
      storedAtMs: null,
    });
    const source = { stream: 'S', incarnation: created };
    const messages = [0, 1, 2, 3].map((task) => ({
      ...taskReceived(task),
      seq: task + 1,
      atMs: NOW_MS + (task === 3 ? 3_600_000 : 1000 * task),
    }));
    const shard = { source, lastSeq: 4, messages };
    replica.batch(messages.slice(0, 2).map(entryOf));
    replica.restart();
    replica.attachLog(1);
    replica.read([roundOf(shard, 0, 4)], 1);
    expect(replica.own.column('SELECT last_seq FROM ingest_position')).toEqual([4]);
    expect(replica.own.accounts).toEqual({ received: 4, inFlight: 0, applied: 2, replayed: 2 });
    const clock = "SELECT value ->> 'nowMs' FROM settings_kept WHERE name = 'event_clock'";
    expect(replica.own.column(clock)).toEqual([NOW_MS + 3_600_000]);
  });
});
