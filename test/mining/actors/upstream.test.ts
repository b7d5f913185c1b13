import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { FailureOutcome } from '../../../src/actors/restart.ts';
import { UpstreamActor } from '../../../src/mining/actors/upstream-actor.ts';
import type { UpstreamSignal, UpstreamState } from '../../../src/mining/domain/upstream-state.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

/** Signals at a time in ms, in one word. */
const SIGNALS = {
  good: (nowMs: number) => ({ type: 'information', nowMs, isSlow: false, isRenewed: false }),
  slow: (nowMs: number) => ({ type: 'information', nowMs, isSlow: true, isRenewed: false }),
  renewed: (nowMs: number) => ({ type: 'information', nowMs, isSlow: false, isRenewed: true }),
  away: (nowMs: number) => ({ type: 'failed', nowMs, isAway: true, isUnfit: false }),
  unfit: (nowMs: number) => ({ type: 'failed', nowMs, isAway: false, isUnfit: true }),
  wrong: (nowMs: number) => ({ type: 'failed', nowMs, isAway: false, isUnfit: false }),
  trouble: (nowMs: number) => ({ type: 'trouble', nowMs }),
} as const satisfies Readonly<Record<string, (nowMs: number) => UpstreamSignal>>;
type Word = keyof typeof SIGNALS;

function setUp() {
  const failures: FailureOutcome[] = [];
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const actor = new UpstreamActor('main', 0, { failed: (outcome) => failures.push(outcome) });
  supervisor.takeIn(actor);
  const tell = (word: Word, nowMs: number) =>
    actor
      .tell(SIGNALS[word](nowMs))
      .map((command) =>
        command.type === 'moved'
          ? `${command.from}>${command.to}`
          : `offer${command.wasAway ? ' after away' : ''}`,
      )
      .join(', ');
  return { supervisor, actor, tell, failures };
}

/** How an actor comes into a state, in the time from 0 to 10,000 ms. */
const WAYS: Readonly<Record<UpstreamState, readonly (readonly [Word, number])[]>> = {
  probing: [],
  ready: [['good', 10_000]],
  degraded: [
    ['good', 9_000],
    ['trouble', 10_000],
  ],
  down: [['away', 10_000]],
};

const ROWS: readonly (readonly [UpstreamState, Word, number, UpstreamState, string])[] = [
  ['probing', 'good', 10_100, 'ready', 'probing>ready'],
  ['probing', 'slow', 10_100, 'degraded', 'probing>degraded'],
  ['probing', 'away', 1_499, 'probing', ''],
  ['probing', 'away', 1_500, 'down', 'probing>down'],
  ['probing', 'wrong', 1_499, 'probing', ''],
  ['probing', 'wrong', 1_500, 'down', 'probing>down'],
  ['probing', 'unfit', 1_500, 'down', 'probing>down'],
  ['probing', 'trouble', 99_000, 'probing', ''],
  ['ready', 'good', 11_000, 'ready', ''],
  ['ready', 'renewed', 11_000, 'ready', 'offer after away'],
  ['ready', 'slow', 11_000, 'degraded', 'ready>degraded'],
  ['ready', 'away', 11_499, 'degraded', 'ready>degraded'],
  ['ready', 'away', 11_500, 'down', 'ready>down'],
  ['ready', 'unfit', 11_499, 'degraded', 'ready>degraded'],
  ['ready', 'unfit', 11_500, 'down', 'ready>down'],
  ['ready', 'wrong', 19_999, 'degraded', 'ready>degraded'],
  ['ready', 'wrong', 20_000, 'down', 'ready>down'],
  ['ready', 'trouble', 99_000, 'degraded', 'ready>degraded'],
  ['degraded', 'good', 39_999, 'degraded', ''],
  ['degraded', 'good', 40_000, 'ready', 'degraded>ready'],
  ['degraded', 'slow', 40_000, 'degraded', ''],
  ['degraded', 'away', 10_499, 'degraded', ''],
  ['degraded', 'away', 10_500, 'down', 'degraded>down'],
  ['degraded', 'wrong', 18_999, 'degraded', ''],
  ['degraded', 'wrong', 19_000, 'down', 'degraded>down'],
  ['degraded', 'trouble', 99_000, 'degraded', ''],
  ['down', 'good', 10_001, 'ready', 'offer after away, down>ready'],
  ['down', 'slow', 10_001, 'degraded', 'offer after away, down>degraded'],
  ['down', 'away', 99_000, 'down', ''],
  ['down', 'wrong', 99_000, 'down', ''],
  ['down', 'trouble', 99_000, 'down', ''],
];

describe('upstream actor', () => {
  it.each(ROWS)('upstream actor - %s, %s at %i ms: %s', (from, word, nowMs, to, commands) => {
    const { actor, tell } = setUp();
    for (const [before, atMs] of WAYS[from]) tell(before, atMs);
    expect(actor.state).toBe(from);
    expect(tell(word, nowMs)).toBe(commands);
    expect(actor.state).toBe(to);
  });

  it('upstream actor - an outage that answered offers again, and was not away', () => {
    const { tell } = setUp();
    tell('good', 0);
    tell('wrong', 1_000);
    tell('wrong', 2_000);
    expect(tell('good', 2_500)).toBe('offer');
    expect(tell('good', 9_000)).toBe('');
    tell('wrong', 10_000);
    expect(tell('good', 11_499)).toBe('');
    tell('wrong', 12_000);
    tell('away', 12_500);
    tell('wrong', 12_600);
    expect(tell('good', 12_700)).toBe('offer after away');
  });

  it('upstream actor - S19: every second answer is a failure, and it never counts as down', () => {
    const { actor, tell } = setUp();
    const states = new Set<string>();
    const commands = new Set<string>();
    for (let second = 0; second < 3_600; second++) {
      commands.add(tell(second % 2 === 0 ? 'good' : 'wrong', second * 1_000));
      states.add(actor.state);
    }
    expect([...states]).toEqual(['ready', 'degraded']);
    // Nor does it come back: what waits would be sent only with the answers in between, and fail each time.
    expect([...commands]).toEqual(['probing>ready', 'ready>degraded', '']);
  });

  it('upstream actor - the supervisor restarts one that throws in the state that it had, and gives it up at last', () => {
    const { actor, tell, failures } = setUp();
    tell('good', 0);
    tell('trouble', 10);
    const broken = {
      type: 'information' as const,
      nowMs: 20,
      isRenewed: false,
      get isSlow(): boolean {
        throw new RangeError('this signal cannot be read');
      },
    };
    for (let time = 0; time < 3; time++) {
      expect(actor.tell(broken)).toEqual([]);
      expect(actor.state).toBe('degraded');
    }
    expect(tell('good', 30_010)).toBe('degraded>ready');
    actor.tell(broken);
    expect(failures).toEqual(['restarted', 'restarted', 'restarted', 'given_up']);
    expect(tell('trouble', 40_000)).toBe('');
    expect(actor.state).toBe('ready');
  });

  it('upstream actor - one that was let go hears nothing, and its name may come again', () => {
    const { supervisor, actor, tell } = setUp();
    tell('good', 0);
    supervisor.letGo(actor.id);
    supervisor.letGo(actor.id);
    expect(tell('trouble', 1_000)).toBe('');
    const next = new UpstreamActor('main', 2_000, { failed: () => undefined });
    supervisor.takeIn(next);
    expect(next.tell(SIGNALS.good(2_000))).toEqual([{ type: 'moved', from: 'probing', to: 'ready' }]);
    supervisor.stop();
  });
});
