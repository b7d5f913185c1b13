import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnWriter } from '../../../src/federation/domain/round-columns.ts';
import {
  type DecodedRound,
  decodeRound,
  entriesOf,
  LOST_CODE,
  type Round,
  ROUND_BYTES_MAX,
  ROUND_CONTENT_BYTES_MAX,
  ROUND_MESSAGES_MAX,
  type RoundEntry,
} from '../../../src/federation/domain/round.ts';
import { encodeRound, ENTRIES_BYTES_MAX, RoundWriter } from '../../../src/federation/domain/round-writer.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';

const AT_MS = Date.UTC(2026, 11, 1);
const SOURCE = { stream: 'TRUEBIT_INGEST_1', incarnation: '2026-12-01T10:00:00.123456789Z#2' };

/** A round of the entries that follow sequence `from`. */
function round(entries: readonly RoundEntry[], from = 0): Round {
  const to = entries.at(-1)?.seq ?? from;
  const header = { maker: 'a', source: SOURCE, first: 1, from, to, count: entries.length };
  return { header: { ...header, atMs: AT_MS, behindMs: 12, isAway: false }, entries };
}

function message(seq: number, text: string): RoundEntry {
  return { seq, atMs: AT_MS + seq, subject: seq % 7, credential: null, payload: Buffer.from(text) };
}

function decoded(bytes: Uint8Array): DecodedRound {
  const result = decodeRound(bytes);
  if (result.type === 'fault') throw new Error(result.reason);
  return result;
}

function reasonOf(bytes: Uint8Array): string {
  const result = decodeRound(bytes);
  if (result.type === 'round') throw new Error('it is a round');
  return result.reason;
}

/** Entries with payloads as Buffers, so that they can be compared. */
function plain(entries: readonly RoundEntry[]): readonly RoundEntry[] {
  return entries.map((entry) => ({ ...entry, payload: Buffer.from(entry.payload) }));
}

/** Times of the next 70,000 years: the format stores differences between two of them, doubled. */
const time = fc.maxSafeNat().map((ms) => ms % 2 ** 51);
const entry = fc.record({
  step: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 40 })),
  atMs: fc.oneof(fc.integer({ min: AT_MS - 1000, max: AT_MS + 1000 }), time),
  subject: fc.integer({ min: 0, max: SUBJECTS.length }),
  credential: fc.option(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), { freq: 4 }),
  payload: fc.uint8Array({ maxLength: 400 }),
  lost: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 8 }),
});
const rounds = fc
  .record({
    from: fc.integer({ min: 0, max: 2 ** 50 }),
    drafts: fc.array(entry, { maxLength: 60 }),
    beyond: fc.nat(9),
  })
  .map(({ from, drafts, beyond }): Round => {
    let seq = from;
    const entries = drafts.map(({ step, lost, ...rest }): RoundEntry => {
      seq += step;
      if (lost === null) return { seq, ...rest };
      const number = 1 + Math.floor(lost * (step - 1));
      return {
        seq,
        atMs: rest.atMs,
        subject: SUBJECTS.length,
        credential: null,
        payload: Buffer.of(),
        lost: number,
      };
    });
    const { header } = round(entries, from);
    return { header: { ...header, first: Math.min(from + 1, 77), to: header.to + beyond }, entries };
  });

describe('rounds - encoding and decoding', () => {
  it('every round is decoded as it was encoded', () => {
    fc.assert(
      fc.property(rounds, (made) => {
        const result = decoded(encodeRound(made));
        expect(result.header).toEqual(made.header);
        expect(plain(entriesOf(result))).toEqual(plain(made.entries));
      }),
    );
  });

  it('every cut of a round into two is decoded as the same entries', () => {
    fc.assert(
      fc.property(rounds, fc.nat(), (made, at) => {
        const writer = new RoundWriter();
        for (const { seq, atMs, subject, credential, payload, lost } of made.entries) {
          if (lost === undefined) writer.add(seq, atMs, subject, credential, payload);
          else writer.addLost(seq, atMs, lost);
        }
        const middle = at % (writer.count + 1);
        const cut = middle === 0 ? made.header.from : (writer.seqAt(middle - 1) ?? 0);
        const parts = [
          writer.encode({ ...made.header, to: cut }, 0, middle),
          writer.encode({ ...made.header, from: cut }, middle),
        ];
        const entries = parts.flatMap((part) => entriesOf(decoded(part)));
        expect(plain(entries)).toEqual(plain(made.entries));
      }),
    );
  });

  it('a round with many equal messages is compressed', () => {
    const entries = Array.from({ length: ROUND_MESSAGES_MAX }, (_none, index) =>
      message(index + 1, `{"type":"heartbeat","nodeId":"node-${index % 50}","version":"1.0.0"}`),
    );
    const bytes = encodeRound(round(entries));
    expect(bytes.length).toBeLessThan(40_000);
    expect(plain(entriesOf(decoded(bytes)))).toEqual(plain(entries));
  });

  it('visiting copies no payload', () => {
    const bytes = encodeRound(round([message(1, 'ab'), message(2, 'cd')]));
    const buffers = new Set(entriesOf(decoded(bytes)).map(({ payload }) => payload.buffer));
    expect([...buffers]).toEqual([bytes.buffer]);
  });

  it('a writer takes no more than its limits, and is empty again after clear', () => {
    const writer = new RoundWriter();
    const large = Buffer.alloc(16_385, 'x');
    let seq = 0;
    while (writer.add(seq + 1, AT_MS, 0, null, large)) seq++;
    expect(seq).toBe(Math.floor(ENTRIES_BYTES_MAX / large.length));
    writer.clear();
    expect([writer.count, writer.bytes]).toEqual([0, 0]);
    seq = 0;
    while (writer.add(seq + 1, AT_MS, 0, null, Buffer.of(1))) seq++;
    expect(seq).toBe(ROUND_MESSAGES_MAX);
    expect(writer.addLost(seq + 1, AT_MS, 1)).toBe(false);
  });
});

/** Bytes of a round whose columns are these after the header. */
function withColumns(header: unknown, columns: readonly Uint8Array[]): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const into = Buffer.alloc(2 + ColumnWriter.room(10, 0, text.length + Buffer.concat(columns).length));
  const writer = new ColumnWriter(into, 2);
  for (const column of [text, ...columns]) {
    writer.begin();
    writer.bytes(column);
    writer.end();
  }
  into[0] = 1;
  return into.subarray(0, writer.position);
}

const WIRE = { maker: 'a', ranges: { 's@i': [1, 0, 2] }, count: 1, atMs: 5, behindMs: 0, away: false };
/** Columns of one message at sequence 1 with the payload `x`. */
const ONE = [[1], [0], [1], [0], [], [], [], [120]].map((bytes) => Buffer.from(bytes));
const with1 = (index: number, bytes: readonly number[]) =>
  ONE.map((old, at) => (at === index ? Buffer.from(bytes) : old));

describe('rounds - bytes that are none', () => {
  it('the hand-made round is one', () => {
    expect(plain(entriesOf(decoded(withColumns(WIRE, ONE))))).toEqual([
      { seq: 1, atMs: 5, subject: 0, credential: null, payload: Buffer.from('x') },
    ]);
  });

  it.each([
    ['nothing', Buffer.of(), 'shorter than two bytes'],
    ['another version', Buffer.of(2, 0), 'its version is 2'],
    ['an unknown flag', Buffer.of(1, 2), 'unknown flag'],
    ['no header', Buffer.of(1, 0), 'ends too early'],
    ['no zstd', Buffer.of(1, 1, 2, 3, 4), 'cannot be inflated'],
    ['a header that is no JSON', withColumns('{', ONE), 'no JSON'],
    ['a header without ranges', withColumns({ ...WIRE, ranges: 3 }, ONE), 'no ranges'],
    ['a header that is null', withColumns(null, ONE), 'no ranges'],
    [
      'two ranges',
      withColumns({ ...WIRE, ranges: { 's@i': [1, 0, 2], 's@k': [1, 0, 2] } }, ONE),
      'one range',
    ],
    ['a source without incarnation', withColumns({ ...WIRE, ranges: { s: [1, 0, 2] } }, ONE), 'one range'],
    [
      'a range that goes back',
      withColumns({ ...WIRE, ranges: { 's@i': [1, 2, 1] } }, ONE),
      'range is not possible',
    ],
    [
      'a range before the first',
      withColumns({ ...WIRE, ranges: { 's@i': [3, 0, 2] } }, ONE),
      'range is not possible',
    ],
    ['a number with a fraction', withColumns({ ...WIRE, atMs: 1.5 }, ONE), 'not whole'],
    ['no maker', withColumns({ ...WIRE, maker: undefined }, ONE), 'lacks a member'],
    ['more entries than the range has', withColumns({ ...WIRE, count: 3 }, ONE), 'number of entries'],
    [
      'more entries than a round may have',
      withColumns({ ...WIRE, ranges: { 's@i': [1, 0, 9e9] }, count: 4e9 }, ONE),
      'number of entries',
    ],
    ['one entry too few', withColumns({ ...WIRE, count: 2 }, ONE), 'a column is too short'],
    ['one entry too many', withColumns({ ...WIRE, count: 0 }, ONE), 'a column is too long'],
    ['a sequence twice', withColumns(WIRE, with1(0, [0])), 'do not ascend'],
    ['a sequence beyond the range', withColumns(WIRE, with1(0, [3])), 'beyond its range'],
    [
      'a number without end',
      withColumns(
        WIRE,
        with1(
          0,
          Array.from({ length: 9 }, () => 0xff),
        ),
      ),
      'too great',
    ],
    ['a time before 1970', withColumns(WIRE, with1(1, [13])), 'time in it'],
    ['a payload that is too short', withColumns(WIRE, with1(2, [2])), 'another length'],
    [
      'a length of a terabyte',
      withColumns(WIRE, with1(2, [0xff, 0xff, 0xff, 0xff, 0xff, 0x1f])),
      'ends too early',
    ],
    ['an unknown subject', withColumns(WIRE, with1(3, [99])), 'unknown subject'],
    ['no subject', withColumns(WIRE, with1(3, [])), 'column of subjects'],
    ['a lost entry without its number', withColumns(WIRE, with1(3, [LOST_CODE])), 'a column is too short'],
    ['a lost number without its entry', withColumns(WIRE, with1(5, [1])), 'a column is too long'],
    [
      'more lost than the range has',
      withColumns(WIRE, [...with1(3, [LOST_CODE]).slice(0, 5), Buffer.of(2), Buffer.of(), Buffer.of()]),
      'lost entry',
    ],
    ['a credential without its bytes', withColumns(WIRE, with1(4, [1])), 'another length'],
    ['one column too many', withColumns(WIRE, [...ONE, Buffer.of()]), 'after its last column'],
    ['a header that is too long', withColumns(' '.repeat(9000), ONE), 'header is too long'],
  ])('%s', (_what, bytes, reason) => {
    expect(reasonOf(bytes)).toContain(reason);
  });

  it('a bomb is inflated no further than the limit', () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * ROUND_CONTENT_BYTES_MAX));
    expect(bomb.length).toBeLessThan(ROUND_BYTES_MAX);
    expect(reasonOf(Buffer.concat([Buffer.of(1, 1), bomb]))).toContain('too long');
  });

  it('no beginning of a round is a round', () => {
    const bytes = withColumns(WIRE, ONE);
    const results = Array.from(bytes, (_byte, length) => decodeRound(bytes.subarray(0, length)).type);
    expect(new Set(results)).toEqual(new Set(['fault']));
  });

  it('rubbish, and rounds with one changed byte, never throw', () => {
    const made = encodeRound(round([message(3, 'abc'), { ...message(4, 'd'), credential: 'key' }]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeRound(Buffer.concat([Buffer.of(1, bytes.length % 2), bytes]));
      }),
    );
    fc.assert(
      fc.property(fc.nat(made.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(made);
        changed[at] = value;
        const result = decodeRound(changed);
        if (result.type === 'round') entriesOf(result);
      }),
    );
  });
});
