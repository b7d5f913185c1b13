// The reader of commands against a stream in memory, whose answers come when the test says so.

import { describe, expect, it, onTestFinished } from 'vitest';
import { CONTROL_DELAY_MS, CONTROL_STREAM } from '../../../src/federation/domain/cluster.ts';
import { encodeControlEntry } from '../../../src/federation/domain/control-entry.ts';
import { CONTROL_ENTRIES_MAX, ControlInput } from '../../../src/federation/sources/control-input.ts';
import { Faults } from '../../../src/federation/sources/faults.ts';
import { LEFT_AFTER_MS } from '../../../src/federation/sources/server-patience.ts';
import type { StreamEntries, StreamEntry } from '../../../src/io/stream-entries.ts';
import { until } from '../../support/until.ts';
import { blocking } from './log-source.ts';

/** A stream of commands; the message at sequence n was stored at 1000 + n. */
class FakeStream implements StreamEntries {
  created = 'first';
  entries: StreamEntry[] = [];
  /** What the broker counts beyond its entries. */
  countedMore = 0;
  isGone = false;
  isSilent = false;
  asked = 0;
  /** The broker answers once this is resolved. */
  answers: Promise<void> = Promise.resolve();

  async extent() {
    this.asked++;
    await this.answers;
    if (this.isSilent) throw new Error('timeout');
    if (this.isGone) return null;
    const lastSeq = this.entries.length + this.countedMore;
    return { created: this.created, firstSeq: 1, lastSeq, count: lastSeq };
  }
  read(fromSeq: number, toSeq: number): Promise<readonly StreamEntry[]> {
    return Promise.resolve(this.entries.filter(({ seq }) => seq >= fromSeq && seq <= toSeq));
  }
  append(_subject: string, bytes: Uint8Array): Promise<void> {
    const seq = this.entries.length + 1;
    this.entries.push({ seq, atMs: 1000 + seq, bytes });
    return Promise.resolve();
  }
  async add(...ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.append('', encodeControlEntry(blocking(id)));
  }
}

function startControl(stream: FakeStream) {
  const told: string[] = [];
  const log: string[] = [];
  const clock = { atMs: 10_000 };
  const counts = { progress: 0, malformed: 0, unanswered: 0 };
  const control = new ControlInput(1, {
    clock: { nowMs: () => clock.atMs, monotonicMs: () => clock.atMs },
    faults: new Faults((level, sentence) => log.push(`${level} ${sentence}`)),
    commands: (entries, isAll) =>
      told.push(
        `${isAll ? 'all: ' : ''}${entries.map(({ entry, atMs }) => `${entry.id} at ${atMs}`).join(', ')}`,
      ),
    progressed: () => counts.progress++,
    malformed: () => counts.malformed++,
    unanswered: () => counts.unanswered++,
  });
  const stop = new AbortController();
  const running = control.run(stream, stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  const reads = (times: number) => {
    const before = counts.progress;
    return until('further reads', () => counts.progress >= before + times);
  };
  return { control, told, log, clock, counts, reads };
}

describe('control input', () => {
  it('control input - everything at first, then what is new, each once', async () => {
    const stream = new FakeStream();
    await stream.add('c1', 'c2');
    const { told, reads } = startControl(stream);
    await reads(2);
    await stream.add('c3');
    await reads(2);
    expect(told).toEqual(['all: c1 at 1001, c2 at 1002', 'c3 at 1003']);
  });

  it('control input - a round is covered only by an answer to a question that was asked late enough', async () => {
    const stream = new FakeStream();
    const first = Promise.withResolvers<void>();
    const later = Promise.withResolvers<void>();
    stream.answers = first.promise;
    const { control, clock, counts } = startControl(stream);
    await until('the question', () => stream.asked === 1);
    // Asked at 10,000 and answered at 11,000: what came in between may be missing in the answer.
    clock.atMs = 11_000;
    expect(control.covers(10_000)).toBe(false);
    stream.answers = later.promise;
    first.resolve();
    await until('the answer', () => counts.progress === 1);
    expect(control.covers(10_000 + CONTROL_DELAY_MS - 1)).toBe(true);
    expect(control.covers(10_000 + CONTROL_DELAY_MS)).toBe(false);
    later.resolve();
    await until('the next answer', () => counts.progress > 1);
    expect(control.covers(11_000 + CONTROL_DELAY_MS - 1)).toBe(true);
  });

  it.each<[string, (stream: FakeStream) => void]>([
    [
      'made anew',
      (stream) => {
        stream.created = 'second';
        stream.entries = [];
      },
    ],
    ['behind what was read', (stream) => void stream.entries.pop()],
  ])(
    'control input - a stream that is %s is read as a whole, and what it lost is appended',
    async (_how, lose) => {
      const stream = new FakeStream();
      await stream.add('c1', 'c2');
      const { control, told, reads } = startControl(stream);
      await reads(1);
      lose(stream);
      await until('all once more', () => told.length === 2);
      control.restore([{ entry: blocking('c2'), atMs: 1002 }]);
      await until('the entry', () => told.at(-1) === 'c2 at 1002');
      await reads(3);
      expect(stream.entries.filter(({ bytes }) => Buffer.from(bytes).includes('c2'))).toHaveLength(1);
    },
  );

  it('control input - a stream that lost and got entries while the broker was silent is read as a whole', async () => {
    const stream = new FakeStream();
    await stream.add('c1', 'c2');
    const { told, reads } = startControl(stream);
    await reads(1);
    stream.isSilent = true;
    const { asked } = stream;
    await until('a failed question', () => stream.asked > asked + 1);
    stream.entries.pop();
    stream.entries.push({ seq: 2, atMs: 7777, bytes: encodeControlEntry(blocking('c3')) });
    stream.isSilent = false;
    await until('all once more', () => told.length === 2);
    expect(told[1]).toBe('all: c1 at 1001, c3 at 7777');
  });

  it('control input - silence of the broker is a fault after some questions, and no round is covered', async () => {
    const stream = new FakeStream();
    const { control, log, clock, reads } = startControl(stream);
    await reads(1);
    stream.isSilent = true;
    clock.atMs += 3_000;
    await until('the fault', () => log.length === 1);
    expect(log[0]).toMatch(/^warn .*rounds wait: timeout/);
    expect(control.covers(clock.atMs)).toBe(false);
    stream.isSilent = false;
    await until('the end of the fault', () => log.length === 2);
    expect(control.covers(clock.atMs)).toBe(true);
  });

  it('control input - another server is asked for after 10 s without an answer, and again after as long', async () => {
    const stream = new FakeStream();
    stream.isSilent = true;
    const { clock, counts } = startControl(stream);
    const moreQuestions = () => {
      const { asked } = stream;
      return until('more questions', () => stream.asked > asked + 2);
    };
    await moreQuestions();
    clock.atMs += LEFT_AFTER_MS - 1;
    await moreQuestions();
    expect(counts.unanswered).toBe(0);
    clock.atMs += 1;
    await moreQuestions();
    expect(counts.unanswered).toBe(1);
    clock.atMs += LEFT_AFTER_MS;
    await moreQuestions();
    expect(counts.unanswered).toBe(2);
    // That the stream does not exist is an answer.
    stream.isSilent = false;
    stream.isGone = true;
    await moreQuestions();
    clock.atMs += LEFT_AFTER_MS;
    await moreQuestions();
    expect(counts.unanswered).toBe(2);
  });

  it.each<[string, (stream: FakeStream) => void, RegExp]>([
    ['missing', (stream) => (stream.isGone = true), /does not exist/],
    ['too large', (stream) => (stream.countedMore = CONTROL_ENTRIES_MAX + 1), /more than 100000 entries/],
  ])('control input - a stream that is %s is told once, and not read', async (_what, set, sentence) => {
    const stream = new FakeStream();
    set(stream);
    const { log, told, counts } = startControl(stream);
    await until('several questions', () => stream.asked > 5);
    expect([told, counts.progress, log.length]).toEqual([[], 0, 1]);
    expect(log[0]).toMatch(sentence);
    expect(log[0]).toContain(CONTROL_STREAM);
  });

  it('control input - entries that are no commands are counted and skipped', async () => {
    const stream = new FakeStream();
    await stream.append('', Buffer.from('rubbish'));
    await stream.add('c1');
    const { told, counts, reads } = startControl(stream);
    await reads(1);
    expect([told, counts.malformed]).toEqual([['all: c1 at 1002'], 1]);
  });
});
