import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { heartbeat, nodeJoined, type Publication, taskReceived, tasks } from '../../support/messages.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { UNSTORABLE } from '../simulated-weeks/simulated-disk.ts';
import { NOW_MS } from '../store/events.ts';
import { entriesOf, roundOf, type Shard } from './log-of-rounds.ts';
import { LogReplica, rowsOf } from './log-replica.ts';

const folder = makeFastFolder('rounds');
const opened: LogReplica[] = [];
afterEach(() => {
  for (const replica of opened.splice(0)) replica.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const CREATED = '2026-01-01T00:00:00Z';
const SOURCE = { stream: 'S', incarnation: CREATED };

function start(): LogReplica {
  const replica = new LogReplica(join(folder, `${++files}.db`));
  opened.push(replica);
  return replica;
}

/** A shard of these messages, one a second. */
function shardOf(publications: readonly Publication[], source = SOURCE): Shard {
  const messages = publications.map((each, index) => ({
    ...each,
    seq: index + 1,
    atMs: NOW_MS + 1000 * index,
  }));
  return { source, lastSeq: messages.length, messages };
}

const column = (replica: LogReplica, sql: string) => replica.own.column(sql);
const upto = (replica: LogReplica) => column(replica, 'SELECT last_seq FROM ingest_position ORDER BY rowid');
/** The law of the positions, in every row. */
const isConserved = (replica: LogReplica) =>
  column(
    replica,
    `SELECT last_seq - first_seq + 1 = applied + duplicate + rejected + rate_limited + quarantined + ignored + lost + elsewhere
       FROM ingest_position`,
  ).every((each) => each === 1);

describe('rounds', () => {
  it('rounds - each applies what follows the position of its source, and what was applied is replayed', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 6));
    expect(replica.attachLog(4)).toBe(1);
    replica.read([roundOf(shard, 0, 2), roundOf(shard, 0, 2), roundOf(shard, 1, 4), roundOf(shard, 4, 6)], 1);
    expect([replica.own.tasks, upto(replica), replica.holes]).toEqual([6, [6], []]);
    expect(replica.own.accounts).toEqual({ received: 9, inFlight: 0, applied: 6, replayed: 3 });
    expect(replica.position).toMatchObject({ logSeq: 4, progress: 6, holes: 0, control: null });
    expect(isConserved(replica)).toBe(true);
    expect(replica.source.at(-1)).toMatchObject({ type: 'returned', seq: 4 });
  });

  it('rounds - a source begins at its first sequence, and one that is known already where it was read', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 9));
    const later = { ...SOURCE, incarnation: `${CREATED}#1` };
    replica.attachLog(3);
    replica.read(
      [roundOf(shard, 4, 6, { first: 5 }), roundOf({ ...shard, source: later }, 2, 3, { first: 3 })],
      1,
    );
    expect(column(replica, 'SELECT first_seq FROM ingest_position')).toEqual([5, 3]);
    expect(replica.position.sources).toMatchObject([{ incarnation: later.incarnation, upto: 3 }]);
    replica.read([roundOf(shard, 4, 9, { first: 5 })], 3);
    expect(upto(replica)).toEqual([9, 3]);
    expect(replica.position.progress).toBe(6);
  });

  it('rounds - one before which something is missing is passed over, uncounted, and asked for once a second', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 6));
    replica.attachLog(5);
    replica.read([roundOf(shard, 0, 1), roundOf(shard, 3, 4)], 1);
    replica.read([roundOf(shard, 4, 5)], 3);
    const hole = { type: 'hole', source: SOURCE, upto: 1 };
    expect(replica.holes).toEqual([hole]);
    expect(replica.own.accounts).toEqual({ received: 1, inFlight: 0, applied: 1 });
    expect(replica.position).toMatchObject({ logSeq: 3, progress: 1, holes: 2 });
    replica.own.time.runUntil(replica.own.time.nowMs + 1000);
    replica.read([roundOf(shard, 5, 6)], 4);
    expect(replica.holes).toEqual([hole, hole]);
    replica.read([roundOf(shard, 1, 3), roundOf(shard, 5, 6)], 5);
    expect(replica.holes).toEqual([hole, hole, { ...hole, upto: 3 }]);
    replica.read([roundOf(shard, 1, 6)], 7);
    expect([upto(replica), replica.own.tasks]).toEqual([[6], 6]);
  });

  it('rounds - what is missing of an incarnation is lost when the next one begins, once, also after a kill', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 6));
    const next = shardOf(tasks(6, 9), { ...SOURCE, incarnation: `${CREATED}#1` });
    replica.attachLog(9);
    replica.read([roundOf(shard, 0, 1), roundOf(shard, 4, 6), roundOf(shard, 2, 3)], 1);
    replica.restart();
    replica.attachLog(9);
    replica.read([roundOf(next, 0, 2), roundOf(next, 2, 3)], 4);
    expect([upto(replica), column(replica, 'SELECT lost FROM ingest_position')]).toEqual([
      [6, 3],
      [5, 0],
    ]);
    expect(column(replica, 'SELECT total FROM missing_messages')).toEqual([5]);
    expect([replica.position.progress, isConserved(replica), replica.own.tasks]).toEqual([9, true, 4]);
    // A splitter that was frozen repeats itself.
    replica.read([roundOf(shard, 0, 6), roundOf(next, 0, 3)], 6);
    expect([upto(replica), replica.own.tasks]).toEqual([[6, 3], 4]);
  });

  it('rounds - a hole is not given up for an earlier incarnation, nor once it is filled', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 3));
    const next = shardOf(tasks(3, 9), { ...SOURCE, incarnation: `${CREATED}#1` });
    const third = shardOf(tasks(9, 10), { ...SOURCE, incarnation: `${CREATED}#2` });
    replica.attachLog(9);
    replica.read([roundOf(shard, 0, 2), roundOf(next, 0, 1), roundOf(next, 3, 5), roundOf(shard, 2, 3)], 1);
    expect(upto(replica)).toEqual([3, 1]);
    replica.read([roundOf(next, 1, 4), roundOf(next, 4, 5), roundOf(third, 0, 1)], 5);
    expect(upto(replica)).toEqual([3, 5, 1]);
    expect(column(replica, 'SELECT sum(lost) FROM ingest_position')).toEqual([0]);
  });

  it('rounds - what the stream no longer held is lost, once, in the row and on record', () => {
    const replica = start();
    const { messages, ...shard } = shardOf(tasks(0, 8));
    const holey = { ...shard, messages: messages.filter(({ seq }) => seq < 2 || seq > 5) };
    replica.attachLog(3);
    replica.read([roundOf(holey, 0, 4), roundOf(holey, 2, 8), roundOf(holey, 0, 8)], 1);
    expect(column(replica, 'SELECT lost FROM ingest_position')).toEqual([4]);
    expect(column(replica, 'SELECT total FROM missing_messages')).toEqual([4]);
    expect(replica.own.accounts).toEqual({ received: 8, inFlight: 0, applied: 4, replayed: 4 });
    expect([replica.position.progress, isConserved(replica)]).toEqual([8, true]);
  });

  it('rounds - sequences of a range that are neither messages nor lost belong to other partitions', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 8));
    const { header, entries } = roundOf(shard, 0, 8);
    const own = entries.filter(({ seq }) => seq === 3 || seq === 4);
    replica.attachLog(1);
    replica.read([{ header, entries: own }], 1);
    expect(column(replica, 'SELECT elsewhere FROM ingest_position')).toEqual([6]);
    expect([replica.position.progress, isConserved(replica)]).toEqual([2, true]);
  });

  it('rounds - an empty round raises the watermark, and says whether the server of the stream is away', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 2));
    const [source] =
      (replica.attachLog(9), replica.read([roundOf(shard, 0, 2, { atMs: 5000 })], 1), sources());
    expect(source).toMatchObject({ watermarkMs: 5000, isAway: false });
    replica.read([roundOf(shard, 2, 2, { atMs: 9000, behindMs: 1000, isAway: true })], 2);
    expect(sources()).toMatchObject([{ watermarkMs: 8000, isAway: true }]);
    // An older one, of a splitter that was frozen.
    replica.read([roundOf(shard, 0, 1, { atMs: 6000 })], 3);
    expect(sources()).toMatchObject([{ watermarkMs: 8000, isAway: true }]);
    // One that proves nothing.
    replica.read([roundOf(shard, 3, 3, { atMs: 20_000 })], 4);
    expect(sources()).toMatchObject([{ watermarkMs: 8000, isAway: true }]);
    replica.restart();
    replica.attachLog(9);
    replica.settle();
    expect(sources()).toMatchObject([{ upto: 2, watermarkMs: 8000, isAway: true }]);

    function sources() {
      return replica.position.sources;
    }
  });

  it.each([
    ['went back', { lastSeq: 2, created: CREATED }, 3],
    ['was made anew and is empty', { lastSeq: 0, created: 'later' }, 1],
    ['was made anew and is longer than before', { lastSeq: 9, created: 'later' }, 1],
    [
      'got another creation time, and has lost its first messages since',
      { lastSeq: 9, created: 'later', firstSeq: 3 },
      5,
    ],
    ['is as it was', { lastSeq: 9, created: CREATED }, 5],
  ])(
    'rounds - a log that %s is read from the right place',
    (_what, {
      lastSeq,
      created,
      firstSeq = 1,
    }: { lastSeq: number; created: string; firstSeq?: number }, expected) => {
      const replica = start();
      const shard = shardOf(tasks(0, 4));
      replica.attachLog(4);
      replica.read(
        [1, 2, 3, 4].map((to) => roundOf(shard, to - 1, to)),
        1,
      );
      expect(replica.attachLog(lastSeq, created, firstSeq)).toBe(expected);
      replica.settle();
      replica.restart();
      expect(replica.attachLog(9, created, firstSeq)).toBe(expected);
      replica.read([roundOf(shard, 0, 4)], expected);
      expect(replica.own.tasks).toBe(4);
    },
  );

  it('rounds - the middle of a round is a place to stop: after a kill the rest of it is applied', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 6));
    const entries = entriesOf([roundOf(shard, 0, 6)], 1);
    replica.attachLog(1);
    replica.batch(entries.slice(0, 4));
    expect([upto(replica), replica.position.logSeq]).toEqual([[3], 0]);
    replica.restart();
    expect(replica.attachLog(1)).toBe(1);
    replica.batch(entries);
    expect([upto(replica), replica.position.logSeq, replica.own.tasks]).toEqual([[6], 1, 6]);
  });

  it('rounds - a message that cannot be stored is set aside, and messages, marks and losses around it are counted right', () => {
    const replica = start();
    const { messages, ...rest } = shardOf([
      ...tasks(0, 3),
      taskReceived(3, `${UNSTORABLE}1`),
      ...tasks(4, 9),
      taskReceived(9, `${UNSTORABLE}2`),
      taskReceived(10),
    ]);
    const shard = { ...rest, messages: messages.filter(({ seq }) => seq !== 6) };
    replica.attachLog(5);
    const rounds = [roundOf(shard, 0, 2), roundOf(shard, 4, 5), roundOf(shard, 1, 4), roundOf(shard, 4, 11)];
    const entries = entriesOf(rounds, 1);
    replica.batch(entries.slice(0, 2));
    replica.batch(entries.slice(2));
    expect(column(replica, 'SELECT seq FROM quarantine')).toEqual([4, 10]);
    expect(replica.own.accounts).toEqual({
      received: 11,
      inFlight: 0,
      applied: 8,
      quarantined: 2,
      replayed: 1,
    });
    expect([upto(replica), isConserved(replica)]).toEqual([[11], true]);
    expect(replica.position).toMatchObject({ logSeq: 4, progress: 11, holes: 1 });
  });

  it('rounds - while the database refuses, rounds and what they say wait, and a detached source reads on', () => {
    const replica = start();
    const shard = shardOf(tasks(0, 4));
    const entries = entriesOf([roundOf(shard, 0, 4)], 1);
    replica.attachLog(1);
    replica.batch(entries.slice(0, 3));
    replica.own.disk.refuse('busy');
    replica.say({ type: 'detach' });
    replica.say({
      type: 'attachLog',
      log: { name: 'TRUEBIT_LOG_0', created: CREATED, firstSeq: 1, lastSeq: 1 },
    });
    replica.own.disk.heal();
    replica.batch(entries, 'refused');
    expect([upto(replica), replica.own.tasks]).toEqual([[4], 4]);
  });

  it('rounds - every kind of rubbish has one outcome, however it was read', () => {
    const body = (change: object) =>
      JSON.stringify({
        version: '1.0',
        type: 'heartbeat',
        nodeId: 'node-1',
        timestamp: '2026-01-15T10:30:00.000Z',
        data: { status: 'online' },
        ...change,
      });
    const twice = body({}).replace('"nodeId"', '"nodeId":"node-2","nodeId"');
    const bad = [
      body({ nodeId: 1 }),
      body({ nodeId: ['node-1'] }),
      'x'.repeat(16_385),
      '{"nodeId":',
      '[]',
      '',
      body({}),
    ];
    const publications = [
      ...[twice, ...bad].map((payload) => ({ subject: 'truebit.heartbeat', payload })),
      { subject: 'truebit.unknown', payload: '{}' },
      heartbeat('node-1'),
    ];
    const shard = shardOf(publications);
    const { header, entries } = roundOf(shard, 0, shard.lastSeq);
    const broken = Buffer.concat([Buffer.from(body({}).slice(0, -1)), Buffer.from([0xff])]);
    const replica = start();
    replica.attachLog(3);
    const round = {
      header,
      entries: entries.map((each) => (each.seq === 8 ? { ...each, payload: broken } : each)),
    };
    replica.read([round, round], 1);
    const { received, inFlight, replayed, ...outcomes } = replica.own.accounts;
    const single = start();
    single.say({
      type: 'attach',
      stream: { name: 'S', created: CREATED, firstSeq: 1, lastSeq: 10 },
      storedAtMs: null,
    });
    single.batch(round.entries);
    expect({ received, inFlight, replayed }).toEqual({ received: 20, inFlight: 0, replayed: 10 });
    expect({ received: 10, inFlight, ...outcomes }).toEqual(single.own.accounts);
    expect(rowsOf(replica)).toEqual(rowsOf(single));
    expect(isConserved(replica)).toBe(true);
  });

  it('rounds - the digest of nodes depends on who has which number, and survives a restart and an eviction', () => {
    const [one, other, swapped] = [start(), start(), start()];
    const shard = shardOf([nodeJoined('node-1'), nodeJoined('node-2')]);
    for (const replica of [one, other]) {
      replica.attachLog(1);
      replica.read([roundOf(shard, 0, 2)], 1);
    }
    swapped.attachLog(1);
    swapped.read([roundOf(shardOf([nodeJoined('node-2'), nodeJoined('node-1')]), 0, 2)], 1);
    const digest = one.position.nodesDigest;
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(other.position.nodesDigest).toBe(digest);
    expect(swapped.position.nodesDigest).not.toBe(digest);
    one.own.writer.current.forget('node-1');
    one.settle();
    one.restart();
    one.attachLog(1);
    one.settle();
    expect(one.position.nodesDigest).toBe(digest);
  });
});
