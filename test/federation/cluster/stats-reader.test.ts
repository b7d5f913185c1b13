// Reading published ticks, from a stream in memory and with time moved by hand.

import { beforeEach, describe, expect, it } from 'vitest';
import { StatsReader } from '../../../src/federation/cluster/stats-reader.ts';
import { TICK_HEADER, TICK_ORDER } from '../../../src/federation/domain/published-tick.ts';
import { statisticsMessage } from '../../../src/federation/sinks/payload.ts';
import type { FencedMessage, FencedStream } from '../../../src/io/fenced-stream.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { statisticsOf } from './counts.ts';

class MemoryStream implements FencedStream {
  created = 'a';
  firstSeq = 1;
  messages: FencedMessage[] = [];
  isThere = true;
  isSilent = false;
  asked = 0;

  ends() {
    if (this.isSilent) return Promise.reject(new Error('timeout'));
    if (!this.isThere) return Promise.resolve(null);
    const lastSeq = this.firstSeq - 1 + this.messages.length;
    return Promise.resolve({ firstSeq: this.firstSeq, lastSeq, created: this.created });
  }

  message(seq: number) {
    this.asked++;
    return Promise.resolve(this.messages[seq - this.firstSeq] ?? null);
  }

  lastOf(): Promise<FencedMessage | null> {
    throw new Error('a reader asks for no subject');
  }

  append(): Promise<void> {
    throw new Error('a reader appends nothing');
  }

  /** Puts the first `count` messages of a tick into the stream. */
  tick(t: number, count = 4, publisher = 'a'): void {
    const tick = statisticsOf(t, t);
    for (const period of TICK_ORDER.slice(0, count)) {
      const { subject, payload } = statisticsMessage(period, tick.periods[period], t, 'agg');
      const header = JSON.stringify({ t, progress: { 0: t }, placesAtMs: 0, publisher });
      this.put(subject, payload, header);
    }
  }

  put(subject: string, payload: string, header: string): void {
    this.messages.push({
      seq: this.firstSeq + this.messages.length,
      subject,
      payload,
      atMs: 0,
      header: (name) => (name === TICK_HEADER ? header : ''),
    });
  }

  /** Deletes it and makes it anew. */
  makeAnew(created: string): void {
    this.created = created;
    this.firstSeq = 1;
    this.messages = [];
  }
}

let time: ManualTime;
let stream: MemoryStream;
beforeEach(() => {
  time = new ManualTime();
  stream = new MemoryStream();
});

async function reader(storedMs: number | null) {
  const did = { newest: [] as number[], missing: [] as number[], problems: [] as (string | null)[] };
  const made = new StatsReader({
    stream: () => stream,
    timers: time,
    storedMs,
    newest: ({ header, tick }) => {
      expect(tick.periods.all.totalTasks).toBe(header.t);
      did.newest.push(header.t);
    },
    missing: ({ header }) => did.missing.push(header.t),
    problem: (problem) => did.problems.push(problem),
  });
  const settle = async () => {
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await made.start();
  await settle();
  return { made, did, settle, pass: (ms: number) => time.advance(ms, settle) };
}

describe('reader of published ticks', () => {
  it('reader of published ticks - the newest first, then all that the history lacks, each once', async () => {
    for (let t = 1; t <= 30; t++) stream.tick(t);
    const { made, did, pass } = await reader(10);
    expect(did).toEqual({
      newest: [30],
      missing: Array.from({ length: 20 }, (_, index) => 11 + index),
      problems: [],
    });
    stream.tick(31);
    await pass(1_000);
    await pass(5_000);
    expect([did.newest, did.missing.slice(-2)]).toEqual([
      [30, 31],
      [30, 31],
    ]);
    await made.stop();
    expect(time.timers).toBe(0);
  });

  it.each<[string, number | null, number]>([
    ['an empty history', null, 0],
    ['a history that has them all', 40, 40],
    ['a history that is ahead', 1_000, 1_000],
    ['a history older than the stream', 3, 20],
  ])('reader of published ticks - with %s', async (_name, storedMs, afterMs) => {
    for (let t = 1; t <= 40; t++) stream.tick(t);
    if (storedMs === 3) {
      // The stream keeps a number of messages a subject.
      stream.messages = stream.messages.slice(80);
      stream.firstSeq = 81;
    }
    const { made, did } = await reader(storedMs);
    expect(did.newest).toEqual([40]);
    expect(did.missing).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1).filter((t) => t > afterMs),
    );
    await made.stop();
  });

  it('reader of published ticks - incomplete ticks and rubbish are left out, and what comes after them is read', async () => {
    stream.tick(1);
    stream.tick(2, 3);
    stream.tick(2, 4, 'b');
    const { made, did, pass } = await reader(null);
    stream.tick(3, 2);
    await pass(1_000);
    expect(did.missing).toEqual([1, 2]);
    stream.put('tbstats.x', 'rubbish', 'rubbish');
    stream.tick(4, 1, 'b');
    stream.tick(4, 4, 'b');
    // Whole, and published before already.
    stream.tick(4, 4, 'c');
    await pass(2_000);
    expect(did).toEqual({ newest: [2, 4], missing: [1, 2, 4], problems: [] });
    await made.stop();
  });

  it('reader of published ticks - a tick is read in two looks, if its messages come apart', async () => {
    const { made, did, pass } = await reader(null);
    stream.tick(1, 2);
    await pass(1_000);
    const half = stream.messages;
    stream.messages = [];
    stream.tick(1, 4);
    stream.messages = [
      ...half,
      ...stream.messages.slice(2).map((message, index) => ({ ...message, seq: 3 + index })),
    ];
    await pass(1_000);
    expect(did.missing).toEqual([1]);
    await made.stop();
  });

  it('reader of published ticks - a stream that was deleted is read anew, and no tick is stored twice', async () => {
    for (let t = 1; t <= 3; t++) stream.tick(t);
    const { made, did, pass } = await reader(null);
    stream.isThere = false;
    await pass(3_000);
    stream.isThere = true;
    stream.makeAnew('b');
    stream.tick(3);
    stream.tick(4);
    await pass(1_000);
    // The same name, the same time, and fewer messages: it went back after a power cut.
    stream.makeAnew('b');
    stream.tick(4);
    await pass(1_000);
    stream.tick(5);
    await pass(1_000);
    expect(did).toEqual({ newest: [3, 4, 5], missing: [1, 2, 3, 4, 5], problems: [] });
    await made.stop();
  });

  it('reader of published ticks - silent brokers are told once, and read again later', async () => {
    stream.isSilent = true;
    const { made, did, pass } = await reader(null);
    await pass(5_000);
    stream.isSilent = false;
    stream.tick(1);
    await pass(1_000);
    expect(did).toEqual({ newest: [1], missing: [1], problems: ['timeout', null] });
    await made.stop();
  });

  it('reader of published ticks - it looks at once when this process has published', async () => {
    const { made, did, settle } = await reader(null);
    stream.tick(1);
    made.look();
    made.look();
    await settle();
    expect(did.newest).toEqual([1]);
    await made.stop();
    made.look();
    await settle();
    expect(time.timers).toBe(0);
  });

  it('reader of published ticks - at rest it asks for no message', async () => {
    for (let t = 1; t <= 3; t++) stream.tick(t);
    const { made, pass } = await reader(null);
    const { asked } = stream;
    await pass(60_000);
    expect(stream.asked).toBe(asked);
    await made.stop();
  });
});
