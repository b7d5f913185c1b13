import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { advance, CLOCK_STEP_MS, isWithin, pace } from '../../../src/lib/pace.ts';
import type { Applied, WriterOptions } from '../../../src/federation/store/writer.ts';
import { completed, type Event, hash, joined, NO_LIMITS, NOW_MS, received, signal } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const STREAM = { name: 'TRUEBIT_INGEST', created: '2026-01-15T10:30:00Z', firstSeq: 1, lastSeq: 0 };

let folder: ReturnType<typeof testFolder>;
let files = 0;
const open = (options: Partial<WriterOptions>) => new Opened(folder.path(`${files++}.db`), options);
beforeEach(() => {
  folder = testFolder('limits');
});
afterEach(() => folder.remove());

/** Does what the door does with messages after the position: takes each, applies it and counts its outcome. */
function read(opened: Opened, events: readonly Event[], decisions: Applied[], count: number): void {
  const { position } = opened.writer;
  const first = position.nextSeq ?? 1;
  for (let seq = first; seq < first + count && seq <= events.length; seq++) {
    const event = events[seq - 1];
    if (event === undefined || !position.take(seq, event.atMs)) continue;
    const outcome = opened.writer.applyNext(event.signal, { atMs: event.atMs, nowMs: NOW_MS, observedMs: 0 });
    position.count(outcome);
    // After a crash the message is read again, and the limits decide again.
    decisions[seq - 1] = outcome;
  }
}

function attach(opened: Opened, events: readonly Event[]): void {
  const known = opened.writer.position.lastKnown(STREAM);
  const storedAtMs = known === null ? null : (events[known.seq - 1]?.atMs ?? null);
  opened.writer.position.attach({ ...STREAM, lastSeq: events.length }, storedAtMs);
}

function conserved(opened: Opened): void {
  const sums = opened.all<{ span: number; outcomes: number }>(
    `SELECT last_seq - first_seq + 1 AS span,
       applied + duplicate + rejected + rate_limited + quarantined + ignored + lost AS outcomes FROM ingest_position`,
  );
  for (const { span, outcomes } of sums) expect(outcomes).toBe(span);
}

const limits = fc.record({
  ratePerMinute: fc.constantFrom(0, 1, 7, 60),
  rateBurst: fc.constantFrom(1, 3, 5),
  globalPerSecond: fc.constantFrom(0, 1, 3),
  newNodesPerMinute: fc.constantFrom(0, 1, 7),
  maxNodes: fc.constantFrom(0, 1, 3),
});
const gapMs = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 2000 }),
  fc.integer({ min: -5000, max: 400_000 }),
);
const eventList = fc
  .array(fc.record({ gapMs, signal }), { minLength: 1, maxLength: 60, size: 'max' })
  .map((list) => {
    let atMs = NOW_MS - 3_600_000;
    return list.map((each) => ({ atMs: (atMs += each.gapMs), signal: each.signal }));
  });
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ type: fc.constant('read' as const), count: fc.integer({ min: 1, max: 12 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ type: 'commit' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'crash' as const }) },
  ),
  { maxLength: 20, size: 'max' },
);

/**
 * Everything that messages leave behind but the numbers of labels, which depend on what a batch merged away, and the
 * database's own secret.
 */
const traces = (opened: Opened) =>
  [
    'nodes',
    'aggregated_tasks',
    'aggregated_invoices',
    'ingest_position',
    "settings_kept WHERE name <> 'hash_key'",
    'pruned_totals',
  ].map((table) => opened.all(`SELECT * FROM ${table} ORDER BY 1, 2`));

describe('limits in the writer', () => {
  it('limits in the writer - crashes change no decision and no row: a message that is read again gets the decision of a life without crashes', () => {
    fc.assert(
      fc.property(
        eventList,
        limits,
        steps,
        fc.constantFrom(1, 100),
        (events, limit, list, generationSize) => {
          const options = { limits: limit, generationSize, offlineAfterMs: 300_000 };
          const calm = open(options);
          const calmDecisions: Applied[] = [];
          attach(calm, events);
          read(calm, events, calmDecisions, events.length);
          calm.commit();

          const rough = open(options);
          const decisions: Applied[] = [];
          attach(rough, events);
          for (const each of list) {
            if (each.type === 'read') read(rough, events, decisions, each.count);
            else if (each.type === 'commit') rough.commit();
            else {
              rough.reopen();
              attach(rough, events);
            }
          }
          read(rough, events, decisions, events.length);
          rough.commit();

          expect(decisions).toEqual(calmDecisions);
          expect(traces(rough)).toEqual(traces(calm));
          conserved(rough);
          calm.writer.close();
          rough.writer.close();
        },
      ),
      { numRuns: 250 },
    );
  });

  it('limits in the writer - a rate-limited message stores nothing and is not a sign of life', () => {
    const everyLimit: readonly [Partial<typeof NO_LIMITS>, string][] = [
      [{ ratePerMinute: 1, rateBurst: 1 }, 'node-a'],
      [{ globalPerSecond: 1 }, 'node-a'],
      [{ globalPerSecond: 1 }, 'node-new'],
      [{ newNodesPerMinute: 1 }, 'node-new'],
      [{ maxNodes: 1 }, 'node-new'],
    ];
    for (const [limit, nodeId] of everyLimit) {
      const opened = open({ limits: { ...NO_LIMITS, ...limit } });
      const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };
      opened.writer.apply(joined('node-a'), moment);
      opened.commit();
      const before = opened.dump();
      const total = opened.writer.totalNodes;
      for (const message of [joined(nodeId), received(nodeId, hash(1)), completed(nodeId, hash(2))])
        expect(opened.writer.apply(message, { ...moment, atMs: NOW_MS + 1 })).toBe('rate_limited');
      expect(opened.writer.totalNodes).toBe(total);
      expect(opened.commit().signs).toEqual([]);
      expect(opened.dump()).toEqual(before);
      opened.writer.close();
    }
  });

  it('limits in the writer - reading an hour of backlog at once drops no message that was within the limits when it was sent', () => {
    const opened = open({
      limits: {
        ratePerMinute: 60,
        rateBurst: 120,
        globalPerSecond: 20,
        newNodesPerMinute: 60,
        maxNodes: 100,
      },
    });
    const events: Event[] = [];
    for (let second = 0; second < 3600; second++) {
      // Ten nodes send at their full rate, and in each second one more node sends a single message.
      for (let node = 0; node < 10; node++)
        events.push({ atMs: NOW_MS - 3_600_000 + second * 1000, signal: joined(`node-${node}`) });
      if (second % 30 === 0)
        events.push({ atMs: NOW_MS - 3_600_000 + second * 1000, signal: joined(`guest-${second}`) });
    }
    const decisions: Applied[] = [];
    attach(opened, events);
    read(opened, events, decisions, events.length);
    expect(decisions.filter((decision) => decision !== 'applied')).toEqual([]);
    opened.commit();
    conserved(opened);
    // 120 such nodes for 100 places: nodes silent for longer than OFFLINE_AFTER were evicted.
    expect(opened.writer.totalNodes).toBe(130);
    expect(opened.column('SELECT count(*) FROM nodes')).toEqual([100]);
    opened.writer.close();
  });

  it('limits in the writer - messages over the limit are dropped, and used-up rates survive a restart', () => {
    const opened = open({ limits: { ...NO_LIMITS, ratePerMinute: 60, rateBurst: 120 } });
    const moment = { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 };
    const send = (count: number) =>
      Array.from({ length: count }, () => opened.writer.apply(joined('node-a'), moment)).filter(
        (outcome) => outcome === 'applied',
      ).length;
    expect(send(100)).toBe(100);
    opened.commit();
    opened.reopen();
    expect(send(100)).toBe(20);
    opened.commit();
    opened.reopen();
    expect(send(100)).toBe(0);
    opened.writer.close();
  });
});

describe('limits on disk', () => {
  it('limits on disk - a schedule is stored to the last bit, and so are the shared schedules', () => {
    const opened = open({
      limits: { ratePerMinute: 7, rateBurst: 5, globalPerSecond: 7, newNodesPerMinute: 7, maxNodes: 0 },
    });
    const due = (limit: ReturnType<typeof pace>, messages: number) => {
      let dueMs = 0;
      for (let message = 0; message < messages; message++) dueMs = advance(limit, dueMs, NOW_MS);
      return dueMs;
    };
    for (let message = 0; message < 3; message++) {
      opened.writer.apply(joined('node-a'), { atMs: NOW_MS, nowMs: NOW_MS, observedMs: 0 });
      opened.commit();
      opened.reopen();
    }
    const perNodeMs = due(pace(7, 60_000, 5), 3);
    expect(perNodeMs % 1).not.toBe(0);
    expect(opened.column('SELECT limit_due_ms FROM nodes')).toEqual([perNodeMs]);
    expect(opened.column("SELECT value FROM settings_kept WHERE name LIKE 'limit_%' ORDER BY name")).toEqual([
      due(pace(7, 1000, 7), 3),
      due(pace(7, 60_000, 7), 1),
    ]);
    opened.writer.close();
  });
});

describe('limits after a clock step', () => {
  const minute = pace(60, 60_000, 120);

  it('limits after a clock step - one time far in the future does not limit the sender until then', () => {
    const futureMs = advance(minute, 0, NOW_MS + 10 * 365 * 86_400_000);
    expect(isWithin(minute, futureMs, NOW_MS)).toBe(true);
    const dueMs = advance(minute, futureMs, NOW_MS);
    expect(dueMs).toBe(NOW_MS + 1000);
  });

  it('limits after a clock step - new nodes are admitted again too', () => {
    const opened = open({ limits: { ...NO_LIMITS, newNodesPerMinute: 2, globalPerSecond: 100 } });
    const apply = (nodeId: string, atMs: number) =>
      opened.writer.apply(joined(nodeId), { atMs, nowMs: NOW_MS, observedMs: 0 });
    for (const id of ['node-a', 'node-b']) expect(apply(id, NOW_MS + 365 * 86_400_000)).toBe('applied');
    for (const id of ['node-c', 'node-d']) expect(apply(id, NOW_MS)).toBe('applied');
    expect(apply('node-e', NOW_MS)).toBe('rate_limited');
    opened.writer.close();
  });

  it('limits after a clock step - a message that is only late is judged by the schedule', () => {
    let dueMs = 0;
    for (let message = 0; message < 120; message++) dueMs = advance(minute, dueMs, NOW_MS);
    for (const lateMs of [0, 1000, 60_000, CLOCK_STEP_MS])
      expect(isWithin(minute, dueMs, NOW_MS - lateMs)).toBe(false);
    expect(isWithin(minute, dueMs, NOW_MS - CLOCK_STEP_MS - 1001)).toBe(true);
  });
});
