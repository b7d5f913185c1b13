import { describe, expect, it } from 'vitest';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { Door, type DoorParts } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { NO_SUBJECT, subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import { bytesOf, GOLDEN, messageOf } from '../domain/messages.ts';

const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);

function setUp(options: { isMapped?: boolean } & Partial<Pick<DoorParts, 'apply' | 'authenticate'>> = {}) {
  const ledger = new Ledger();
  const applied: { signal: Signal; atMs: number; nowMs: number }[] = [];
  const taken: number[] = [];
  const counted: string[] = [];
  const door = new Door(
    {
      ledger,
      authenticate: options.authenticate ?? (() => null),
      apply(signal, moment, signer) {
        applied.push({ signal, atMs: moment.atMs, nowMs: moment.nowMs });
        return options.apply?.(signal, moment, signer) ?? 'applied';
      },
      take(seq) {
        if (seq <= (taken.at(-1) ?? 0)) return false;
        taken.push(seq);
        return true;
      },
      count: (outcome) => counted.push(outcome),
    },
    60_000,
  );
  const indexOf = subjectIndex(options.isMapped ?? false);
  const enter = (subject: string, message: unknown, atMs = NOW_MS, seq: number | null = null) =>
    door.enter({ subject: indexOf(subject), payload: bytesOf(message), atMs, seq, observedMs: 0 }, NOW_MS);
  const accounts = () => {
    ledger.committed(NOW_MS, 0.001);
    return ledger.snapshot({ lost: 0, disagreements: 0, unknownLabels: door.unknownLabels });
  };
  return { door, applied, counted, enter, accounts };
}

const at = (subject: number, count = 1) =>
  Array.from({ length: 7 }, (_, index) => (index === subject ? count : 0));

describe('door', () => {
  it.each(GOLDEN)(
    'door - a valid message is accepted, $message.type: $name',
    ({ subject, message, signal }) => {
      const { enter, applied } = setUp();
      expect(enter(subject, message, NOW_MS - 5)).toBe('applied');
      expect(applied).toEqual([{ signal, atMs: NOW_MS - 5, nowMs: NOW_MS }]);
    },
  );

  it.each(['applied', 'duplicate', 'rate_limited'] as const)(
    'door - the outcome of applying a message is returned and counted: %s',
    (outcome) => {
      const { enter, accounts } = setUp({ apply: () => outcome });
      expect(enter('truebit.heartbeat', messageOf(3))).toBe(outcome);
      const { received, outcomes } = accounts();
      expect(received).toEqual(at(3));
      expect(outcomes[outcome]).toEqual(at(3));
    },
  );

  it.each(SUBJECTS.map((name, index) => [name, index] as const))(
    'door - a refusal on %s is counted with its reason',
    (name, index) => {
      const { enter, applied, accounts } = setUp();
      expect(enter(name, '')).toBe('rejected');
      expect(enter(name, messageOf(index, {}, { wallet: 1 }))).toBe('rejected');
      expect(enter(name, messageOf(index, {}, { wallet: 2 }))).toBe('rejected');
      expect(applied).toEqual([]);
      const { received, outcomes, rejected } = accounts();
      expect(received).toEqual(at(index, 3));
      expect(outcomes.rejected).toEqual(at(index, 3));
      expect(rejected.not_json).toEqual(at(index));
      expect(rejected.personal_data).toEqual(at(index, 2));
    },
  );

  it.each([
    'truebit.stats.aggregated',
    'truebit.heartbeat.x',
    'truebit',
    '',
    'ingest.heartbeat',
    'truebit.nodes.*',
  ])('door - a message on another subject is ignored unread, %j', (subject) => {
    const { enter, applied, accounts } = setUp();
    expect(enter(subject, 'x'.repeat(20_000))).toBe('ignored');
    expect(applied).toEqual([]);
    const { received, outcomes, rejected } = accounts();
    expect(received).toEqual(at(NO_SUBJECT));
    expect(outcomes.ignored).toEqual(at(NO_SUBJECT));
    expect(
      Object.values(rejected)
        .flat()
        .every((count) => count === 0),
    ).toBe(true);
  });

  it('door - if the broker maps the inputs, only the mapped names are inputs', () => {
    const { enter, accounts } = setUp({ isMapped: true });
    expect(enter('ingest.tasks.completed', messageOf(1))).toBe('applied');
    expect(enter('truebit.tasks.completed', messageOf(1))).toBe('ignored');
    expect(accounts().outcomes.applied).toEqual(at(1));
  });

  it('door - a message that was read before counts as replayed, unread, and leaves the position unchanged', () => {
    const { enter, applied, counted, accounts } = setUp();
    expect(enter('truebit.nodes.left', messageOf(5), NOW_MS, 7)).toBe('applied');
    expect(enter('truebit.nodes.left', messageOf(5), NOW_MS, 7)).toBe('replayed');
    expect(enter('somewhere.else', 'x', NOW_MS, 3)).toBe('replayed');
    expect(applied).toHaveLength(1);
    expect(counted).toEqual(['applied']);
    const { received, outcomes } = accounts();
    expect(received).toEqual([0, 0, 0, 0, 0, 2, 1]);
    expect(outcomes.replayed).toEqual([0, 0, 0, 0, 0, 1, 1]);
  });

  it('door - a broker time more than a minute ahead is counted, and kept unchanged', () => {
    const { enter, applied, accounts } = setUp();
    for (const ahead of [-3_600_000, 0, 60_000, 60_001, 3_600_000])
      enter('truebit.heartbeat', messageOf(3), NOW_MS + ahead);
    expect(accounts().futureTimes).toBe(2);
    expect(applied.map(({ atMs }) => atMs - NOW_MS)).toEqual([-3_600_000, 0, 60_000, 60_001, 3_600_000]);
  });

  it('door - labels outside their vocabulary are counted in accepted messages', () => {
    const { enter, accounts } = setUp();
    enter('truebit.heartbeat', messageOf(3, { continentBucket: 'XX', locationBucket: 'here' }));
    enter('truebit.heartbeat', messageOf(3, { continentBucket: 'XX', locationBucket: 5 }));
    expect(accounts().unknownLabels).toMatchObject({ continentBucket: 1, locationBucket: 1, chainId: 0 });
  });
});
