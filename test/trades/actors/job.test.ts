import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { FailureOutcome } from '../../../src/actors/restart.ts';
import { JobActors } from '../../../src/trades/actors/job-actors.ts';
import type { JobSignal, JobStart } from '../../../src/trades/domain/job-state.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

function setUp(start: JobStart = { state: 'collecting', isSealed: false, isFailing: false }) {
  const failures: FailureOutcome[] = [];
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const actors = new JobActors(supervisor);
  const judge = actors.takeIn('ab12', start, (outcome) => failures.push(outcome));
  const tell = (type: JobSignal['type']) =>
    judge
      .tell({ type })
      .map((command) => (command.type === 'moved' ? `${command.from}>${command.to}` : command.type))
      .join(', ');
  return { supervisor, actors, judge, tell, failures };
}

/** How an actor comes into a situation: the state, and what it remembers. */
const WAYS = {
  collecting: [],
  unsealed: ['asked'],
  sealed: ['asked', 'sealed'],
  failing: ['asked', 'sealed', 'failing'],
  completed: ['asked', 'sealed', 'delivered'],
  dead: ['asked', 'sealed', 'dead'],
  unsealable: ['asked', 'unsealable'],
  'expired unsealed': ['asked', 'expired'],
  'expired sealed': ['asked', 'sealed', 'expired'],
} as const satisfies Readonly<Record<string, readonly JobSignal['type'][]>>;

/** Situation, signal, state and node after it, commands. Pairs that are not listed change nothing. */
const ROWS: readonly (readonly [keyof typeof WAYS, JobSignal['type'], string, string, string])[] = [
  ['collecting', 'asked', 'processing', 'online', 'seal'],
  ['collecting', 'expired', 'expired', 'offline', 'drop, online>offline, close, forget'],
  ['unsealed', 'sealed', 'processing', 'online', ''],
  ['unsealed', 'unsealable', 'failed', 'stale', 'online>stale, answer'],
  ['unsealed', 'expired', 'expired', 'offline', 'online>offline, close'],
  ['sealed', 'failing', 'processing', 'stale', 'online>stale'],
  ['sealed', 'delivered', 'completed', 'online', 'answer'],
  ['sealed', 'dead', 'failed', 'stale', 'online>stale, answer'],
  ['sealed', 'expired', 'expired', 'offline', 'online>offline, close, forget'],
  ['failing', 'delivered', 'completed', 'online', 'stale>online, answer'],
  ['failing', 'dead', 'failed', 'stale', 'answer'],
  ['failing', 'expired', 'expired', 'offline', 'stale>offline, close, forget'],
  ['completed', 'expired', 'expired', 'offline', 'online>offline, close, forget'],
  ['dead', 'replayed', 'processing', 'online', 'stale>online'],
  ['dead', 'failing', 'processing', 'stale', ''],
  ['dead', 'delivered', 'completed', 'online', 'stale>online, answer'],
  ['dead', 'expired', 'expired', 'offline', 'stale>offline, close, forget'],
  ['unsealable', 'expired', 'expired', 'offline', 'stale>offline, close, forget'],
  ['expired unsealed', 'sealed', 'expired', 'offline', 'forget'],
  ['expired unsealed', 'unsealable', 'expired', 'offline', 'answer, forget'],
  ['expired sealed', 'delivered', 'expired', 'offline', 'answer'],
  ['expired sealed', 'dead', 'expired', 'offline', 'answer'],
];

const SIGNALS = [
  'asked',
  'sealed',
  'unsealable',
  'failing',
  'delivered',
  'dead',
  'replayed',
  'expired',
] as const satisfies readonly JobSignal['type'][];

function at(situation: keyof typeof WAYS) {
  const bench = setUp();
  for (const signal of WAYS[situation]) bench.tell(signal);
  return bench;
}

/** A signal that makes the machine throw at its first readings. */
function broken(times: number): JobSignal {
  let left = times;
  return {
    get type(): 'asked' {
      if (left-- > 0) throw new RangeError('this signal cannot be read');
      return 'asked';
    },
  };
}

describe('job actor', () => {
  it.each(ROWS)('job actor - %s, %s: %s, %s, commands: %s', (situation, signal, state, node, commands) => {
    const { judge, tell } = at(situation);
    expect(tell(signal)).toBe(commands);
    expect([judge.state, judge.node]).toEqual([state, node]);
  });

  const others = Object.keys(WAYS).flatMap((situation) =>
    SIGNALS.filter((signal) => !ROWS.some(([from, told]) => from === situation && told === signal)).map(
      (signal) => [situation as keyof typeof WAYS, signal] as const,
    ),
  );
  it.each(others)('job actor - %s, %s changes nothing', (situation, signal) => {
    const { judge, tell } = at(situation);
    const before = [judge.state, judge.node];
    expect(tell(signal)).toBe('');
    expect([judge.state, judge.node]).toEqual(before);
  });

  it.each([
    [{ state: 'processing', isSealed: true, isFailing: false }, 'online'],
    [{ state: 'processing', isSealed: true, isFailing: true }, 'stale'],
    [{ state: 'completed', isSealed: true, isFailing: false }, 'online'],
    [{ state: 'failed', isSealed: true, isFailing: false }, 'stale'],
  ] as const)('job actor - after a restart it goes on from %j as %s', (start, node) => {
    const { judge, tell } = setUp(start);
    expect([judge.state, judge.node]).toEqual([start.state, node]);
    expect(tell('asked')).toBe('');
    expect(tell('expired')).toBe(`${node}>offline, close, forget`);
  });

  it('job actor - the supervisor restarts one that throws, and the job goes on with the same signal', () => {
    const { judge, tell, failures } = setUp();
    expect(judge.tell(broken(1))).toEqual([{ type: 'seal' }]);
    expect(failures).toEqual(['restarted']);
    expect(judge.state).toBe('processing');
    expect(tell('sealed')).toBe('');
    expect(tell('failing')).toBe('online>stale');
  });

  it('job actor - one that keeps throwing keeps its state, and is given up at last', () => {
    const { judge, tell, failures } = setUp();
    tell('asked');
    expect(judge.tell(broken(99))).toEqual([]);
    expect(judge.state).toBe('processing');
    expect(judge.tell(broken(99))).toEqual([]);
    expect(failures).toEqual(['restarted', 'restarted', 'restarted', 'given_up']);
    expect(tell('sealed')).toBe('');
    expect([judge.state, judge.node]).toEqual(['processing', 'online']);
  });

  it('job actor - one that was let go hears nothing', () => {
    const { actors, supervisor, tell } = setUp();
    actors.letGo('ab12');
    actors.letGo('ab12');
    expect(tell('asked')).toBe('');
    supervisor.stop();
  });
});
