import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { BatchCommit, type Commit } from '../../../src/federation/ingest/batch-commit.ts';
import { type Refusal, refusalOf } from '../../../src/store/refusal.ts';
import { heartbeat, taskReceived, tasks } from '../../support/messages.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { UNSTORABLE } from '../simulated-weeks/simulated-disk.ts';
import { batchOf, STREAM, WriterOnDisk } from './writer-on-disk.ts';

const HOUSEKEEPING_REST_MS = 60_000;

const folder = makeFastFolder('batch-commit');
const opened: WriterOnDisk[] = [];
afterEach(() => {
  for (const own of opened.splice(0)) own.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

/** A batch commit on its own file, and what it told: each line with the tasks and the position on the disk at that moment. */
function setUp(options: { beforeMessage?: () => void } = {}) {
  const own = new WriterOnDisk(join(folder, `${++files}.db`));
  opened.push(own);
  const told: string[] = [];
  const commits: Commit[] = [];
  /** At each commit: the observed clock and the position in the file. */
  const clocks: number[] = [];
  const seqs: number[] = [];
  const lost: string[] = [];
  const tell = (what: string) => told.push(`${what}; on disk ${own.tasks} tasks, position ${own.seq}`);
  const batches = new BatchCommit(
    { observedMs: 0, housekeepingRestMs: HOUSEKEEPING_REST_MS },
    {
      ...own.parts,
      beforeCommit: () => undefined,
      beforeMessage: options.beforeMessage ?? null,
      committed(commit) {
        commits.push(commit);
        clocks.push(Number(own.column("SELECT value FROM settings_kept WHERE name = 'observed_ms'")[0]));
        seqs.push(Number(own.seq));
        // As the loop does it.
        own.ledger.committed(own.clock.nowMs(), commit.seconds, commit.messages);
        tell(`committed ${commit.signs.map(({ nodeId }) => nodeId).join(' ')}`);
      },
      giveBack: (batch, seq) => tell(`given back ${batch.count} up to ${seq}`),
      lost: (sentence) => lost.push(sentence),
    },
  );
  /** Commits until nothing is left, as the committer does; returns the errors on the way. */
  const finish = (triesMax = 50): unknown[] => {
    const errors: unknown[] = [];
    for (let tries = 0; tries < triesMax; tries++) {
      try {
        if (!batches.commit()) return errors;
      } catch (error) {
        errors.push(error);
      }
    }
    throw new Error('it does not end');
  };
  return { own, batches, told, commits, clocks, seqs, lost, finish };
}

const poison = (task: number) => taskReceived(task, `${UNSTORABLE}${task}`);

describe('batch commit', () => {
  it('batch commit - a batch is on disk with its position before it is given back, and is given back once', () => {
    const { own, batches, told } = setUp();
    own.writer.attach(STREAM, null);
    batches.merge(batchOf([...tasks(0, 3), heartbeat('node-0002')], 1));
    expect([told, own.tasks, own.accounts]).toEqual([[], 0, { received: 4, inFlight: 4 }]);
    expect(batches.commit()).toBe(false);
    expect(batches.commit()).toBe(false);
    expect(told).toEqual([
      'committed node-0001 node-0002; on disk 3 tasks, position 4',
      'given back 4 up to 4; on disk 3 tasks, position 4',
      'committed ; on disk 3 tasks, position 4',
    ]);
    expect(own.accounts).toEqual({ received: 4, inFlight: 0, applied: 4 });
    expect(own.column("SELECT value FROM settings_kept WHERE name = 'observed_ms'")).toEqual([40]);
  });

  it.each([
    ['busy', 'locked'],
    ['middle', 'disk_error'],
    ['full', 'full'],
    ['missing', 'missing'],
  ] as const)(
    'batch commit - refused by the environment (%s), the batch stays merged and is committed whole, once',
    (refusal, reason) => {
      const { own, batches, told, finish } = setUp();
      own.writer.attach(STREAM, null);
      batches.commit();
      own.disk.refuse(refusal);
      // Enough to need another page.
      batches.merge(batchOf(tasks(0, 90), 1));
      for (let tries = 0; tries < 5; tries++) {
        expect(step(batches)).toBe(reason);
        expect([batches.isMovingOn, batches.isStuck]).toEqual([false, false]);
      }
      expect([told.length, own.tasks, own.accounts]).toEqual([1, 0, { received: 90, inFlight: 90 }]);
      own.disk.heal();
      expect(finish()).toEqual([]);
      expect(told.slice(1)).toEqual([
        'committed node-0001; on disk 90 tasks, position 90',
        'given back 90 up to 90; on disk 90 tasks, position 90',
      ]);
      expect(own.accounts).toEqual({ received: 90, inFlight: 0, applied: 90 });
    },
  );

  it('batch commit - a batch that fails once for what is in it is merged again and committed whole', () => {
    const { own, batches, told, lost, finish } = setUp();
    own.writer.attach(STREAM, null);
    own.disk.refuse('value');
    batches.merge(batchOf(tasks(0, 3), 1));
    expect(finish().map(refusalOf)).toEqual([null]);
    expect(told).toEqual([
      'committed node-0001; on disk 3 tasks, position 3',
      'given back 3 up to 3; on disk 3 tasks, position 3',
    ]);
    expect([lost, own.accounts]).toEqual([[], { received: 3, inFlight: 0, applied: 3 }]);
  });

  it.each([
    ['the first', [0], 1],
    ['the last', [7], 1],
    ['two apart', [2, 5], 1],
    ['all', [0, 1, 2, 3, 4, 5, 6, 7], 1],
    ['the first, on plain NATS', [0], null],
    ['two apart, on plain NATS', [2, 5], null],
  ])(
    'batch commit - failed three times, a batch of eight is bisected and what cannot be stored is set aside: %s',
    (_which, poisoned, firstSeq) => {
      const { own, batches, told, commits, clocks, seqs, lost, finish } = setUp();
      if (firstSeq !== null) own.writer.attach(STREAM, null);
      const messages = tasks(0, 8).map((message, at) => (poisoned.includes(at) ? poison(at) : message));
      batches.merge(batchOf(messages, firstSeq));
      expect(finish().map(refusalOf)).toEqual([null, null, null]);
      const left = 8 - poisoned.length;
      expect(own.tasks).toBe(left);
      expect(own.column('SELECT coalesce(seq, -1) FROM quarantine ORDER BY rowid')).toEqual(
        poisoned.map((at) => (firstSeq === null ? -1 : at + 1)),
      );
      expect(own.accounts).toEqual({
        received: 8,
        inFlight: 0,
        ...(left > 0 && { applied: left }),
        quarantined: poisoned.length,
      });
      // Each part is committed with the messages in it; the batch goes back behind the last of them.
      expect(commits.reduce((sum, { messages: count = 0 }) => sum + count, 0)).toBe(8);
      const seq = firstSeq === null ? 0 : 8;
      expect(told.filter((line) => line.startsWith('given'))).toEqual([told.at(-1)]);
      expect(told.at(-1)).toContain(`given back 8 up to ${seq}; on disk ${left} tasks`);
      expect(lost).toHaveLength(1);
      expect(lost[0]).toContain(`set aside ${poisoned.length} message(s)`);
      expect([batches.isMovingOn, batches.isStuck, batches.committedObservedMs]).toEqual([false, false, 80]);
      // No part is stored with a clock that is ahead of its messages.
      expect(clocks).toEqual(clocks.toSorted((a, b) => a - b));
      if (firstSeq !== null) expect(clocks).toEqual(seqs.map((upTo) => 10 * upTo));
    },
  );

  it.each([
    ['a defect', new TypeError('broken')],
    ['the environment', Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' })],
  ])(
    'batch commit - a merge that %s broke off is begun again, and every message of the batch counts once',
    (_cause, error) => {
      let left = 3;
      const { own, batches, told, finish } = setUp({
        beforeMessage() {
          if (--left === 0) throw error;
        },
      });
      own.writer.attach(STREAM, null);
      const batch = batchOf(tasks(0, 5), 1);
      expect(() => batches.merge(batch)).toThrow(error);
      // As the loop does it.
      own.writer.spoil(error);
      expect(finish()).toEqual([error]);
      expect(told).toEqual([
        'committed node-0001; on disk 5 tasks, position 5',
        'given back 5 up to 5; on disk 5 tasks, position 5',
      ]);
      expect(own.accounts).toEqual({ received: 5, inFlight: 0, applied: 5 });
    },
  );

  it('batch commit - the environment that refuses a part of a batch is waited for, and the search goes on there', () => {
    const { own, batches, told, finish } = setUp();
    own.writer.attach(STREAM, null);
    batches.merge(batchOf([...tasks(0, 3), poison(3), ...tasks(4, 8)], 1));
    while (own.tasks === 0) expect(step(batches)).not.toBe(false);
    const before = { tasks: own.tasks, told: told.length };
    own.disk.refuse('busy');
    for (let tries = 0; tries < 5; tries++) expect(step(batches)).toBe('locked');
    expect({ tasks: own.tasks, told: told.length }).toEqual(before);
    expect([batches.isMovingOn, batches.isStuck]).toEqual([true, false]);
    own.disk.heal();
    expect(finish()).toEqual([]);
    expect([own.tasks, own.seq]).toEqual([7, 8]);
    expect(own.accounts).toEqual({ received: 8, inFlight: 0, applied: 7, quarantined: 1 });
  });

  it('batch commit - a message that cannot even be set aside is tried again until it can, and nothing is given back before', () => {
    const { own, batches, told, finish } = setUp();
    own.writer.attach(STREAM, null);
    const allow = own.refuseRows('quarantine');
    batches.merge(batchOf([poison(0), ...tasks(1, 3)], 1));
    expect(() => finish(20)).toThrow('it does not end');
    expect([batches.isStuck, batches.isMovingOn, own.seq]).toEqual([true, false, 0]);
    expect(told.join()).not.toContain('given back');
    allow();
    expect(finish()).toEqual([]);
    expect([batches.isStuck, own.tasks, own.seq]).toEqual([false, 2, 3]);
    expect(told.at(-1)).toContain('given back 3 up to 3');
  });

  it('batch commit - facts beside the messages that cannot be stored are dropped, said, and cost no message', () => {
    const { own, batches, lost, finish } = setUp();
    own.writer.attach(STREAM, null);
    batches.merge(batchOf([heartbeat('node-0001')], 1));
    batches.commit();
    own.refuseRows('transitions');
    const times = { atMs: own.clock.nowMs(), observedMs: 10 };
    own.writer.transition({ nodeId: 'node-0001', ...times, from: 'stale', to: 'online', cause: 'message' });
    batches.merge(batchOf(tasks(0, 4), 2));
    expect(finish()).toHaveLength(3);
    expect([own.tasks, own.seq, own.column('SELECT seq FROM quarantine')]).toEqual([4, 5, []]);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toContain('transitions and statistics of the last moments');
  });

  it.each([
    ['the environment refused it', 'middle', true],
    ['it failed for what is in it', 'value', false],
  ] as const)(
    'batch commit - housekeeping rests for a while only if it may have made a batch fail: %s',
    (_cause, refusal, isKept) => {
      const { own, batches, finish } = setUp();
      own.writer.attach(STREAM, null);
      own.disk.refuse(refusal);
      batches.merge(batchOf(tasks(0, 3), 1));
      expect(step(batches)).toBe(isKept ? 'disk_error' : null);
      own.disk.heal();
      finish();
      const beforeMs = own.writer.current.deletionMs;
      own.time.runUntil(own.time.nowMs + 1000);
      batches.commit();
      // A writer made anew has no deletion clock before its first housekeeping, which reads it.
      expect(own.writer.current.deletionMs).toBe(isKept ? beforeMs + 1000 : Infinity);
      own.time.runUntil(own.time.nowMs + HOUSEKEEPING_REST_MS);
      batches.commit();
      expect(Number.isFinite(own.writer.current.deletionMs)).toBe(true);
    },
  );
});

/** One commit: true if parts are left, false if all is stored; else why the environment refused, null if a message failed. */
function step(batches: BatchCommit): boolean | Refusal | null {
  try {
    return batches.commit();
  } catch (error) {
    return refusalOf(error);
  }
}
