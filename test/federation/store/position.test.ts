import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import type { StreamFacts } from '../../../src/federation/domain/stream-facts.ts';
import { StreamPosition } from '../../../src/federation/store/position.ts';

const CREATED = '2026-01-15T10:30:00.123456789Z';
const stream = (firstSeq: number, lastSeq: number, created = CREATED): StreamFacts => ({
  name: 'TRUEBIT_INGEST',
  created,
  firstSeq,
  lastSeq,
});
/** The broker's time of the message with this sequence, unless a test replaces it. */
const timeOf = (seq: number) => 1_768_473_000_000 + seq * 10;

interface Row {
  readonly stream: string;
  readonly incarnation: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly last_ms: number;
  readonly applied: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly rate_limited: number;
  readonly quarantined: number;
  readonly ignored: number;
  readonly lost: number;
}
const WORDS = ['applied', 'duplicate', 'rejected', 'rate_limited', 'quarantined', 'ignored'] as const;

let folder = '';
let database: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aggregator-position-'));
  database = openFederationWriter(join(folder, 'aggregator.db'));
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

const rows = () => database.prepare<[], Row>('SELECT * FROM ingest_position ORDER BY rowid').all();
/** A row in short: number, first and last sequence, and the count of each outcome. */
const brief = () =>
  rows().map((row) => {
    const counts = [...WORDS, 'lost' as const]
      .filter((word) => row[word] > 0)
      .map((word) => `${word} ${row[word]}`);
    return [row.incarnation.replace(CREATED, 'A'), `${row.first_seq}-${row.last_seq}`, ...counts].join(' ');
  });
function expectAccounted(): void {
  for (const row of rows()) {
    const outcomes = WORDS.reduce((total, word) => total + row[word], row.lost);
    expect(outcomes, row.incarnation).toBe(row.last_seq - row.first_seq + 1);
  }
}
/** Reads these sequences and applies each. */
function read(position: StreamPosition, ...seqs: readonly number[]): void {
  for (const seq of seqs) {
    expect(position.take(seq, timeOf(seq))).toBe(true);
    position.count('applied');
  }
}
/** Starts a program on this file: everything uncommitted is lost. */
function started(facts: StreamFacts, storedAtMs: number | null = null): StreamPosition {
  const position = new StreamPosition(database);
  position.attach(facts, storedAtMs);
  return position;
}
/** As the source does after a reconnection: asks the broker for the time of the message at the last sequence. */
function attachAgain(position: StreamPosition, facts: StreamFacts): void {
  const known = position.lastKnown(facts);
  position.attach(facts, known === null ? null : timeOf(known.seq));
}
/** A run that attached to `first` … `last`, read all of it and stopped. */
function ran(first: number, last: number): void {
  const position = started(stream(first, last));
  for (let seq = first; seq <= last; seq++) read(position, seq);
  position.write();
}

describe('position', () => {
  it('position - without a stream it takes and writes nothing', () => {
    const position = new StreamPosition(database);
    expect(position.nextSeq).toBeNull();
    expect(position.take(1, 1)).toBe(false);
    position.count('applied');
    position.nothingUpTo(10);
    position.write();
    expect(rows()).toEqual([]);
    expect(position.lostSinceStart).toBe(0);
  });

  it.each([
    ['an empty stream', stream(0, 0), 1, 'A 1-0'],
    ['a stream from its beginning', stream(1, 9), 1, 'A 1-0'],
    ['a stream whose beginning is gone', stream(501, 900), 501, 'A 501-500'],
    ['a stream that was purged', stream(901, 900), 901, 'A 901-900'],
  ])(
    'position - first attachment to %s: messages from before the first attachment are neither counted nor lost',
    (_what, facts, nextSeq, row) => {
      const position = started(facts);
      expect(position.lastKnown(facts)).toBeNull();
      expect(position.nextSeq).toBe(nextSeq);
      position.write();
      expect(brief()).toEqual([row]);
      expect(position.lostSinceStart).toBe(0);
    },
  );

  it('position - it counts every outcome of the conservation law that a sequence can have', () => {
    const position = started(stream(1, 0));
    WORDS.forEach((word, index) => {
      position.take(index + 1, timeOf(index + 1));
      position.count(word);
    });
    position.count('replayed');
    position.count('shed');
    position.write();
    expect(brief()).toEqual([
      'A 1-6 applied 1 duplicate 1 rejected 1 rate_limited 1 quarantined 1 ignored 1',
    ]);
    expect(rows()[0]).toMatchObject({ stream: 'TRUEBIT_INGEST', incarnation: CREATED, last_ms: timeOf(6) });
  });

  it('position - sequences that the stream passes over are lost', () => {
    const position = started(stream(5, 20));
    read(position, 5, 6, 9, 10, 20);
    position.write();
    expect(brief()).toEqual(['A 5-20 applied 5 lost 11']);
    expect(position.lostSinceStart).toBe(11);
    expect(position.nextSeq).toBe(21);
  });

  it('position - the first sequences of the stream are lost too, if they are removed between attaching and reading', () => {
    const position = started(stream(5, 20));
    read(position, 8);
    position.write();
    expect(brief()).toEqual(['A 5-8 applied 1 lost 3']);
  });

  it('position - a sequence at or below the position counts as replayed', () => {
    const position = started(stream(1, 9));
    read(position, 1, 2, 3);
    for (const seq of [3, 2, 1, 0]) expect(position.take(seq, 7)).toBe(false);
    position.write();
    expect(brief()).toEqual(['A 1-3 applied 3']);
    expect(rows()[0]?.last_ms).toBe(timeOf(3));
  });

  it('position - when the broker has no more messages, unread sequences are lost', () => {
    const position = started(stream(1, 9));
    read(position, 1, 2);
    position.nothingUpTo(9);
    position.nothingUpTo(9);
    position.nothingUpTo(3);
    position.write();
    expect(brief()).toEqual(['A 1-9 applied 2 lost 7']);
    expect(position.lostSinceStart).toBe(7);
  });

  it('position - after a restart reading continues behind the message that the position knows', () => {
    ran(1, 10);
    const position = new StreamPosition(database);
    expect(position.lastKnown(stream(1, 12))).toEqual({ seq: 10, atMs: timeOf(10) });
    position.attach(stream(1, 12), timeOf(10));
    expect(position.nextSeq).toBe(11);
    expect(position.take(10, timeOf(10))).toBe(false);
    read(position, 11, 12);
    position.write();
    expect(brief()).toEqual(['A 1-12 applied 12']);
    expect(position.lostSinceStart).toBe(0);
  });

  it.each([
    ['up to us', stream(11, 15), 11, 'A 1-10 applied 10', 0],
    ['before us', stream(8, 15), 11, 'A 1-10 applied 10', 0],
    ['beyond us', stream(14, 15), 14, 'A 1-13 applied 10 lost 3', 3],
    ['all of it', stream(16, 15), 16, 'A 1-15 applied 10 lost 5', 5],
    ['all of it, and nothing came since', stream(11, 10), 11, 'A 1-10 applied 10', 0],
  ])(
    'position - the stream was purged while the program was down, %s',
    (_what, facts, nextSeq, row, lost) => {
      ran(1, 10);
      const position = started(facts, null);
      expect(position.nextSeq).toBe(nextSeq);
      position.write();
      expect(brief()).toEqual([row]);
      expect(position.lostSinceStart).toBe(lost);
      expectAccounted();
    },
  );

  it('position - a stream whose end went back is a new incarnation that begins after that end', () => {
    ran(1, 10);
    const position = started(stream(1, 6), null);
    expect(position.nextSeq).toBe(7);
    read(position, 7, 8);
    position.write();
    expect(brief()).toEqual(['A 1-10 applied 10', 'A#1 7-8 applied 2']);
    expect(position.lostSinceStart).toBe(0);
    // Sequence 8 now belongs to the new incarnation, and reading continues there.
    const again = new StreamPosition(database);
    expect(again.lastKnown(stream(1, 9))).toEqual({ seq: 8, atMs: timeOf(8) });
    again.attach(stream(1, 9), timeOf(8));
    expect(again.nextSeq).toBe(9);
  });

  it('position - a stream that went back to empty begins at 1', () => {
    ran(1, 10);
    expect(started(stream(0, 0), null).nextSeq).toBe(1);
  });

  it('position - another message at the position is a new incarnation that begins after it', () => {
    ran(1, 10);
    const position = started(stream(1, 30), timeOf(10) + 1);
    expect(position.nextSeq).toBe(11);
    read(position, 11);
    position.write();
    expect(brief()).toEqual(['A 1-10 applied 10', 'A#1 11-11 applied 1']);
    expect(position.lostSinceStart).toBe(0);
  });

  it('position - a stream that went back is judged so, even if the message at the position differs too', () => {
    ran(1, 10);
    const position = started(stream(1, 6), timeOf(10) + 1);
    expect(position.nextSeq).toBe(7);
  });

  it('position - #n rises with each incarnation, and only the latest incarnation counts', () => {
    ran(1, 10);
    for (const lastSeq of [8, 6, 4]) started(stream(1, lastSeq), null).write();
    expect(brief()).toEqual(['A 1-10 applied 10', 'A#1 9-8', 'A#2 7-6', 'A#3 5-4']);
    const position = started(stream(1, 4), null);
    expect(position.nextSeq).toBe(5);
    expect(position.lastKnown(stream(1, 4))).toBeNull();
    for (let number = 4; number <= 12; number++) {
      const next = started(stream(0, 0), null);
      read(next, 1);
      next.write();
    }
    expect(brief().at(-1)).toBe('A#12 1-1 applied 1');
  });

  it('position - a stream that was created again is a new incarnation from its beginning', () => {
    ran(1, 10);
    const later = stream(3, 5, '2026-02-01T00:00:00Z');
    const position = new StreamPosition(database);
    // The source asks for this message and compares it; another message, or none, means another stream.
    expect(position.lastKnown(later)).toEqual({ seq: 10, atMs: timeOf(10) });
    position.attach(later, null);
    expect(position.nextSeq).toBe(3);
    read(position, 3);
    position.write();
    expect(brief()).toEqual(['A 1-10 applied 10', '2026-02-01T00:00:00Z 3-3 applied 1']);
    // And back again, as after a restored backup.
    expect(started(stream(1, 12), timeOf(10)).nextSeq).toBe(11);
  });

  it('position - the same messages under another creation time are the same stream', () => {
    ran(1, 10);
    const renamed = stream(1, 12, '2026-02-01T00:00:00Z');
    const position = started(renamed, timeOf(10));
    expect(position.nextSeq).toBe(11);
    read(position, 11);
    position.write();
    expect(brief()).toEqual(['2026-02-01T00:00:00Z 1-11 applied 11']);
    expect(started(stream(1, 12, '2026-03-01T00:00:00Z'), timeOf(12)).nextSeq).toBe(1);
  });

  it('position - each stream has a position of its own', () => {
    ran(1, 10);
    const other = { ...stream(1, 3), name: 'THEIRS' };
    const position = new StreamPosition(database);
    expect(position.lastKnown(other)).toBeNull();
    position.attach(other, null);
    expect(position.nextSeq).toBe(1);
    read(position, 1);
    position.write();
    expect(rows().map(({ stream: name, last_seq }) => `${name} ${last_seq}`)).toEqual([
      'TRUEBIT_INGEST 10',
      'THEIRS 1',
    ]);
  });

  it('position - it is stored by the transaction that writes it, or not at all', () => {
    ran(1, 3);
    const position = started(stream(1, 9), timeOf(3));
    read(position, 4, 5);
    const failing = database.transaction(() => {
      position.write();
      throw new Error('disk full');
    });
    expect(failing).toThrow('disk full');
    expect(brief()).toEqual(['A 1-3 applied 3']);
    expect(position.nextSeq).toBe(6);
    // The repeated transaction counts nothing twice.
    database.transaction(() => position.write())();
    position.write();
    expect(brief()).toEqual(['A 1-5 applied 5']);
  });

  it('position - attached again before the batch is committed, reading continues where it was', () => {
    const position = started(stream(1, 9));
    read(position, 1, 2);
    position.write();
    read(position, 3, 6);
    // The connection broke and came back; the messages read are merged and wait for their commit.
    attachAgain(position, stream(1, 9));
    expect(position.nextSeq).toBe(7);
    expect(position.take(3, timeOf(3))).toBe(false);
    expect(position.lostSinceStart).toBe(2);
    position.write();
    expect(brief()).toEqual(['A 1-6 applied 4 lost 2']);
  });

  it('position - attached again before the very first commit, reading continues where it was', () => {
    const position = started(stream(5, 9));
    read(position, 5, 6);
    attachAgain(position, stream(5, 9));
    expect(position.nextSeq).toBe(7);
    position.write();
    expect(brief()).toEqual(['A 5-6 applied 2']);
  });

  it('position - attached to another incarnation before the batch is committed, the messages read are still counted', () => {
    const position = started(stream(1, 9));
    read(position, 1, 2, 3);
    position.write();
    read(position, 4, 5);
    position.attach(stream(1, 2), null);
    position.write();
    expect(brief()).toEqual(['A 1-5 applied 5', 'A#1 3-2']);
  });
});

describe('position laws', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('read' as const),
        count: fc.integer({ min: 1, max: 5 }),
        word: fc.constantFrom(...WORDS),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 8 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('purge' as const), count: fc.integer({ min: 1, max: 8 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'drained' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('replay' as const), back: fc.integer({ min: 0, max: 6 }) }),
    },
    { weight: 3, arbitrary: fc.constant({ type: 'commit' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'crash' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'reconnect' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('restore' as const),
        back: fc.integer({ min: 1, max: 10 }),
        more: fc.nat(12),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'recreate' as const }) },
  );

  it('position laws - last_seq − first_seq + 1 is the sum of the outcomes, whatever the stream and the program do', () => {
    let files = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.array(step, { maxLength: 50, size: 'max' }),
        (purgedBefore, steps) => {
          database.close();
          database = openFederationWriter(join(folder, `${files++}.db`));
          // The broker: a stream with a beginning and an end; each message has a time of its own, restored ones a new
          // one.
          let created = 1;
          let first = purgedBefore + 1;
          let last = purgedBefore;
          let tickMs = 1_768_473_000_000;
          const times = new Map<number, number>();
          const facts = () => stream(first, last, `created-${created}`);
          const timeAt = (seq: number) => (seq >= first && seq <= last ? (times.get(seq) ?? null) : null);
          let position = new StreamPosition(database);
          const attach = () => position.attach(facts(), timeAt(position.lastKnown(facts())?.seq ?? 0));
          attach();
          for (const one of steps) {
            switch (one.type) {
              case 'read':
                for (let count = 0; count < one.count; count++) {
                  const seq = Math.max(first, position.nextSeq ?? 1);
                  if (seq > last) break;
                  expect(position.take(seq, timeAt(seq) ?? 0)).toBe(true);
                  position.count(one.word);
                  expect(position.nextSeq).toBe(seq + 1);
                }
                break;
              case 'publish':
                for (let count = 0; count < one.count; count++) times.set(++last, ++tickMs);
                break;
              case 'purge':
                first = Math.min(last + 1, first + one.count);
                break;
              case 'drained':
                if (first > last) position.nothingUpTo(last);
                break;
              case 'replay':
                expect(position.take((position.nextSeq ?? 1) - 1 - one.back, 1)).toBe(false);
                break;
              case 'commit':
                position.write();
                break;
              case 'crash':
                position = new StreamPosition(database);
                attach();
                break;
              case 'reconnect':
                position.write();
                attach();
                break;
              case 'restore':
                // A restored backup: the end is gone, and other messages come under the same sequences.
                position.write();
                last = Math.max(first - 1, last - one.back);
                for (let count = 0; count < one.more; count++) times.set(++last, ++tickMs);
                attach();
                break;
              case 'recreate':
                position.write();
                created++;
                first = 1;
                last = 0;
                attach();
                break;
            }
            expectAccounted();
          }
          position.write();
          expectAccounted();
          // No incarnation overlaps itself, and each begins where the one before cannot have been.
          expect(new Set(rows().map(({ incarnation }) => incarnation)).size).toBe(rows().length);
          expect(position.nextSeq).toBe(
            (rows().findLast((row) => row.incarnation.split('#')[0] === `created-${created}`)?.last_seq ??
              0) + 1,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
