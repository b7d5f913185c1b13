import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IngestAccounts, OUTCOMES, type Outcome } from '../../../src/federation/domain/accounting.ts';
import { REJECT_REASONS, SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { Histogram } from '../../../src/lib/histogram.ts';
import { Door } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { NO_SUBJECT, subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import { bytesOf, messageOf } from '../domain/messages.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const FOUND = { lost: 0, disagreements: 0, unknownLabels: [] };
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** The laws that hold between any two calls. */
function expectConserved(accounts: IngestAccounts): void {
  const outcomes = Object.values(accounts.outcomes);
  expect(sum(accounts.received)).toBe(sum(outcomes.map(sum)) + accounts.inFlight);
  accounts.received.forEach((received, subject) => {
    expect(received).toBeGreaterThanOrEqual(sum(outcomes.map((counts) => counts[subject] ?? 0)));
    const reasons = sum(Object.values(accounts.rejected).map((counts) => counts[subject] ?? 0));
    expect(accounts.outcomes.rejected[subject]).toBe(reasons);
  });
}

describe('ledger', () => {
  it('ledger - a message is in flight until its batch is committed', () => {
    const ledger = new Ledger();
    ledger.receive(0, NOW_MS, false);
    ledger.receive(NO_SUBJECT, NOW_MS, false);
    ledger.outcome(0, 'applied');
    ledger.outcome(NO_SUBJECT, 'ignored');
    const before = ledger.snapshot(FOUND);
    expect(before.received).toEqual([1, 0, 0, 0, 0, 0, 1]);
    expect(before.inFlight).toBe(2);
    expect(Object.values(before.outcomes).map(sum)).toEqual(OUTCOMES.map(() => 0));
    ledger.committed(NOW_MS, 0.001);
    const after = ledger.snapshot(FOUND);
    expect(after.inFlight).toBe(0);
    expect(after.outcomes.applied).toEqual([1, 0, 0, 0, 0, 0, 0]);
    expect(after.outcomes.ignored).toEqual([0, 0, 0, 0, 0, 0, 1]);
    // The snapshot is a copy.
    expect(before.inFlight).toBe(2);
    expect(before.outcomes.applied[0]).toBe(0);
  });

  it('ledger - every outcome, reason and subject has its own cell', () => {
    const ledger = new Ledger();
    OUTCOMES.filter((word) => word !== 'rejected').forEach((word, index) => {
      for (let count = 0; count <= index; count++) {
        ledger.receive(index % 7, NOW_MS, false);
        ledger.outcome(index % 7, word);
      }
    });
    REJECT_REASONS.forEach((reason, index) => {
      for (let count = 0; count <= index; count++) {
        ledger.receive(index % 7, NOW_MS, false);
        ledger.reject(index % 7, reason);
      }
    });
    ledger.committed(NOW_MS, 0);
    const accounts = ledger.snapshot(FOUND);
    OUTCOMES.filter((word) => word !== 'rejected').forEach((word, index) => {
      expect(accounts.outcomes[word][index % 7], word).toBe(index + 1);
      expect(sum(accounts.outcomes[word])).toBe(index + 1);
    });
    REJECT_REASONS.forEach((reason, index) => {
      expect(accounts.rejected[reason][index % 7], reason).toBe(index + 1);
      expect(sum(accounts.rejected[reason])).toBe(index + 1);
    });
    expectConserved(accounts);
  });

  it('ledger - counts from other parts are passed on under their names', () => {
    const unknownLabels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    const accounts = new Ledger().snapshot({ lost: 4, disagreements: 5, unknownLabels });
    expect(accounts).toMatchObject({ lost: 4, disagreements: 5 });
    expect(accounts.unknownLabels).toEqual({
      chainId: 1,
      taskType: 2,
      operation: 3,
      executionTimeBucket: 4,
      gasUsedBucket: 5,
      stepsComputedBucket: 6,
      memoryUsedBucket: 7,
      activeTasksBucket: 8,
      totalTasksBucket: 9,
      continentBucket: 10,
      locationBucket: 11,
    });
  });

  it.each([
    ['nothing committed', [], 0],
    ['one message', [NOW_MS - 400], 400],
    ['the newest counts, wherever it stood', [NOW_MS - 900, NOW_MS - 300, NOW_MS - 700], 300],
    ['a time in the future is no negative age', [NOW_MS + 5000], 0],
  ])('ledger - the lag of a batch: %s', (_what, timesMs, lagMs) => {
    const ledger = new Ledger();
    // An earlier batch with a newer message must not determine the lag of this batch.
    ledger.receive(0, NOW_MS + 9000, true);
    ledger.outcome(0, 'applied');
    ledger.committed(NOW_MS, 0);
    for (const atMs of timesMs) ledger.receive(0, atMs, false);
    for (const _ of timesMs) ledger.outcome(0, 'applied');
    expect(ledger.committed(NOW_MS, 0)).toBe(lagMs);
  });

  it('ledger - the time from publish to commit is observed once per message, that of a commit once per commit', () => {
    const ledger = new Ledger();
    for (const ageMs of [-100, 0, 5, 6, 999, 1000, 1001, 7_200_000]) ledger.receive(0, NOW_MS - ageMs, false);
    for (let count = 0; count < 8; count++) ledger.outcome(0, 'applied');
    ledger.committed(NOW_MS, 0.02);
    ledger.committed(NOW_MS, 99);
    const { publishToCommit, commit } = ledger.snapshot(FOUND);
    const cells = Object.fromEntries(
      publishToCommit.counts.map((count, index) => [publishToCommit.boundsSeconds[index] ?? 'above', count]),
    );
    expect(cells).toMatchObject({ 0.005: 3, 0.01: 1, 1: 2, 2.5: 1, above: 1 });
    expect(sum(publishToCommit.counts)).toBe(8);
    expect(publishToCommit.sumSeconds).toBeCloseTo(0.005 + 0.006 + 0.999 + 1 + 1.001 + 7200, 9);
    expect(sum(commit.counts)).toBe(2);
    expect(commit.counts.at(-1)).toBe(1);
    expect(commit.sumSeconds).toBeCloseTo(99.02, 9);
  });

  it('ledger - at every moment, received equals the sum of the outcomes and the messages in flight', () => {
    const step = fc.oneof(
      { weight: 1, arbitrary: fc.constant({ type: 'commit' as const }) },
      {
        weight: 4,
        arbitrary: fc.record({
          type: fc.constant('enter' as const),
          subject: fc.constantFrom(...SUBJECTS, 'truebit.stats.aggregated'),
          message: fc.constantFrom<unknown>('', {}, ...SUBJECTS.map((_name, index) => messageOf(index))),
          outcome: fc.constantFrom('applied' as const, 'duplicate' as const, 'rate_limited' as const),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          type: fc.constant('turn away' as const),
          subject: fc.constantFrom(...SUBJECTS, 'x'),
          outcome: fc.constantFrom('replayed' as const, 'shed' as const),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new Ledger();
        let next: 'applied' | 'duplicate' | 'rate_limited' = 'applied';
        const door = new Door(
          {
            ledger,
            authenticate: () => null,
            apply() {
              // While a message is being applied it is in flight too.
              expectConserved(ledger.snapshot(FOUND));
              return next;
            },
            take: () => false,
            count: () => undefined,
          },
          60_000,
        );
        const indexOf = subjectIndex(false);
        const expected = new Map<Outcome, number>();
        let received = 0;
        let shed = 0;
        let waiting: Outcome[] = [];
        for (const one of steps) {
          if (one.type === 'commit') {
            ledger.committed(NOW_MS, 0.001);
            for (const outcome of waiting) expected.set(outcome, (expected.get(outcome) ?? 0) + 1);
            waiting = [];
          } else {
            received++;
            if (one.type === 'enter') {
              next = one.outcome;
              const subject = indexOf(one.subject);
              const payload = bytesOf(one.message);
              waiting.push(door.enter({ subject, payload, atMs: NOW_MS, seq: null, observedMs: 0 }, NOW_MS));
            } else if (one.outcome === 'replayed') {
              const subject = indexOf(one.subject);
              const payload = new Uint8Array(0);
              waiting.push(door.enter({ subject, payload, atMs: NOW_MS, seq: 1, observedMs: 0 }, NOW_MS));
            } else {
              ledger.shed(indexOf(one.subject), 1);
              expected.set('shed', (expected.get('shed') ?? 0) + 1);
              shed++;
            }
          }
          const accounts = ledger.snapshot(FOUND);
          expectConserved(accounts);
          expect(sum(accounts.received)).toBe(received);
          expect(accounts.inFlight).toBe(waiting.length);
          for (const outcome of OUTCOMES)
            expect(sum(accounts.outcomes[outcome])).toBe(expected.get(outcome) ?? 0);
          expect(sum(accounts.publishToCommit.counts)).toBe(received - waiting.length - shed);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('histogram', () => {
  it('histogram - a value equal to a bound falls into its cell, and one more cell is above all bounds', () => {
    const histogram = new Histogram([0.1, 1, 10]);
    for (const seconds of [0, 0.1, 0.100001, 1, 9.99, 10, 10.01, 1e9]) histogram.observe(seconds);
    const { boundsSeconds, counts, sumSeconds } = histogram.snapshot();
    expect(boundsSeconds).toEqual([0.1, 1, 10]);
    expect(counts).toEqual([2, 2, 2, 2]);
    expect(sumSeconds).toBeCloseTo(1e9 + 31.200001, 3);
  });

  it('histogram - a snapshot does not change afterwards', () => {
    const histogram = new Histogram([1]);
    const before = histogram.snapshot();
    histogram.observe(0);
    expect(before.counts).toEqual([0, 0]);
    expect(histogram.snapshot().counts).toEqual([1, 0]);
  });

  it('histogram - each observation falls into the cell that a search from the left finds', () => {
    const bounds = fc
      .uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 12 })
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(bounds, fc.array(fc.integer({ min: -1, max: 52 })), (list, observations) => {
        const histogram = new Histogram(list);
        const expected = Array.from({ length: list.length + 1 }, () => 0);
        for (const seconds of observations) {
          histogram.observe(seconds);
          const index = list.findIndex((bound) => seconds <= bound);
          const cell = index === -1 ? list.length : index;
          expected[cell] = (expected[cell] ?? 0) + 1;
        }
        expect(histogram.snapshot().counts).toEqual(expected);
        expect(histogram.snapshot().sumSeconds).toBe(sum(observations));
      }),
    );
  });
});
