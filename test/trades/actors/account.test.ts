import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { FailureOutcome } from '../../../src/actors/restart.ts';
import { AccountActors } from '../../../src/trades/actors/account-actors.ts';
import {
  ACCOUNT_STATES,
  type AccountCommand,
  type AccountSignal,
} from '../../../src/trades/domain/account-state.ts';
import type { ExchangeErrorKind } from '../../../src/trades/domain/exchange-calls.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

const polled = (hasNewTrades: boolean, isBehind = false, isIncomplete = false): AccountSignal => ({
  type: 'polled',
  hasNewTrades,
  isBehind,
  isIncomplete,
});
const failed = (kind: ExchangeErrorKind, exchangeCode: string | null = null): AccountSignal => ({
  type: 'failed',
  kind,
  exchangeCode,
});

/** Every signal by a short name. */
const SIGNALS = {
  due: { type: 'due' },
  blocked: { type: 'blocked' },
  new: polled(true),
  empty: polled(false),
  'new behind': polled(true, true),
  'empty behind': polled(false, true),
  incomplete: polled(false, false, true),
  key_refused: failed('key_refused', '-2015'),
  nonce: failed('nonce'),
  clock: failed('clock', '-1021'),
  rate_limited: failed('rate_limited'),
  unreachable: failed('unreachable'),
  market_unavailable: failed('market_unavailable'),
  unsupported: failed('unsupported'),
  exchange_error: failed('exchange_error', '10001'),
  over_powered: { type: 'barred', reason: 'over_powered' },
  other_account: { type: 'barred', reason: 'other_account' },
  defect: { type: 'barred', reason: 'defect' },
  expired: { type: 'over', reason: 'expired' },
  removed: { type: 'over', reason: 'removed' },
} as const satisfies Readonly<Record<string, AccountSignal>>;
type Name = keyof typeof SIGNALS;
const NAMES = Object.keys(SIGNALS) as Name[];

function text(command: AccountCommand): string {
  if (command.type === 'moved') return `${command.from}>${command.to}`;
  if (command.type === 'retry') return `retry ${command.afterMs}`;
  if (command.type === 'plan') return `plan ${command.afterMs}${command.isBehind ? ' behind' : ''}`;
  return command.type;
}

function setUp({ apiIntervalMs = 60_000, retriesMax = 0 } = {}) {
  const failures: FailureOutcome[] = [];
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const actors = new AccountActors(supervisor);
  const judge = actors.takeIn('ab12', { apiIntervalMs, retriesMax }, (outcome) => failures.push(outcome));
  const tell = (name: Name) => judge.tell(SIGNALS[name]).map(text).join(', ');
  return { supervisor, actors, judge, tell, failures };
}

/** The signal `due`, at which the machine throws so many times. */
function failing(times: number): AccountSignal {
  let left = times;
  return {
    get type(): 'due' {
      if (left-- > 0) throw new RangeError('this signal cannot be read');
      return 'due';
    },
  };
}

const WAYS = {
  waiting: [],
  'waiting online': ['due', 'new'],
  polling: ['due'],
  'polling online': ['due', 'new', 'due'],
  suspended: ['due', 'key_refused'],
  ended: ['removed'],
} as const satisfies Readonly<Record<string, readonly Name[]>>;

/** Situation, signal; state, node and reason after it; commands. Pairs that are not listed change nothing. */
const ROWS: readonly (readonly [keyof typeof WAYS, Name, string, string])[] = [
  ['waiting', 'due', 'polling stale starting', 'poll'],
  ['waiting', 'blocked', 'waiting stale backlog', 'plan 60000'],
  ['waiting', 'over_powered', 'suspended offline over_powered', 'stale>offline, stop'],
  ['waiting', 'other_account', 'suspended offline other_account', 'stale>offline, stop'],
  ['waiting', 'defect', 'suspended offline defect', 'stale>offline, stop'],
  ['waiting', 'expired', 'ended offline expired', 'stale>offline, stop, flush'],
  ['waiting', 'removed', 'ended offline removed', 'stale>offline, stop, flush'],
  ['waiting online', 'due', 'polling online -', 'poll'],
  ['waiting online', 'blocked', 'waiting stale backlog', 'online>stale, plan 30000'],
  ['waiting online', 'over_powered', 'suspended offline over_powered', 'online>offline, stop'],
  ['waiting online', 'other_account', 'suspended offline other_account', 'online>offline, stop'],
  ['waiting online', 'defect', 'suspended offline defect', 'online>offline, stop'],
  ['waiting online', 'expired', 'ended offline expired', 'online>offline, stop, flush'],
  ['waiting online', 'removed', 'ended offline removed', 'online>offline, stop, flush'],
  ['polling', 'new', 'waiting online -', 'stale>online, plan 30000'],
  ['polling', 'empty', 'waiting online -', 'stale>online, plan 60000'],
  ['polling', 'new behind', 'waiting online -', 'stale>online, plan 0 behind'],
  ['polling', 'empty behind', 'waiting online -', 'stale>online, plan 0 behind'],
  ['polling', 'incomplete', 'waiting online incomplete', 'stale>online, plan 60000'],
  ['polling', 'key_refused', 'suspended offline key_refused -2015', 'stale>offline, stop'],
  ['polling', 'nonce', 'waiting stale starting', 'plan 60000'],
  ['polling', 'clock', 'waiting stale clock -1021', 'plan 60000'],
  ['polling', 'rate_limited', 'waiting stale rate_limited', 'plan 60000'],
  ['polling', 'unreachable', 'waiting stale unreachable', 'plan 60000'],
  ['polling', 'market_unavailable', 'waiting stale exchange_error', 'plan 60000'],
  ['polling', 'unsupported', 'waiting stale exchange_error', 'plan 60000'],
  ['polling', 'exchange_error', 'waiting stale exchange_error 10001', 'plan 60000'],
  ['polling', 'over_powered', 'suspended offline over_powered', 'stale>offline, stop'],
  ['polling', 'other_account', 'suspended offline other_account', 'stale>offline, stop'],
  ['polling', 'defect', 'suspended offline defect', 'stale>offline, stop'],
  ['polling', 'expired', 'ended offline expired', 'stale>offline, stop, flush'],
  ['polling', 'removed', 'ended offline removed', 'stale>offline, stop, flush'],
  ['polling online', 'new', 'waiting online -', 'plan 30000'],
  ['polling online', 'empty', 'waiting online -', 'plan 30000'],
  ['polling online', 'new behind', 'waiting online -', 'plan 0 behind'],
  ['polling online', 'empty behind', 'waiting online -', 'plan 0 behind'],
  ['polling online', 'incomplete', 'waiting online incomplete', 'plan 30000'],
  ['polling online', 'key_refused', 'suspended offline key_refused -2015', 'online>offline, stop'],
  ['polling online', 'nonce', 'waiting online -', 'plan 30000'],
  ['polling online', 'clock', 'waiting stale clock -1021', 'online>stale, plan 30000'],
  ['polling online', 'rate_limited', 'waiting stale rate_limited', 'online>stale, plan 30000'],
  ['polling online', 'unreachable', 'waiting stale unreachable', 'online>stale, plan 30000'],
  ['polling online', 'market_unavailable', 'waiting stale exchange_error', 'online>stale, plan 30000'],
  ['polling online', 'unsupported', 'waiting stale exchange_error', 'online>stale, plan 30000'],
  ['polling online', 'exchange_error', 'waiting stale exchange_error 10001', 'online>stale, plan 30000'],
  ['polling online', 'over_powered', 'suspended offline over_powered', 'online>offline, stop'],
  ['polling online', 'other_account', 'suspended offline other_account', 'online>offline, stop'],
  ['polling online', 'defect', 'suspended offline defect', 'online>offline, stop'],
  ['polling online', 'expired', 'ended offline expired', 'online>offline, stop, flush'],
  ['polling online', 'removed', 'ended offline removed', 'online>offline, stop, flush'],
  ['suspended', 'expired', 'ended offline expired -2015', 'stop, flush'],
  ['suspended', 'removed', 'ended offline removed -2015', 'stop, flush'],
];

function at(situation: keyof typeof WAYS) {
  const bench = setUp();
  for (const name of WAYS[situation]) bench.tell(name);
  return bench;
}

function seen({ judge }: ReturnType<typeof setUp>): string {
  const code = judge.exchangeCode === null ? '' : ` ${judge.exchangeCode}`;
  return `${judge.state} ${judge.node} ${judge.reason ?? '-'}${code}`;
}

describe('account actor - table', () => {
  it.each(ROWS)('account actor - %s, %s: %s, commands: %s', (situation, name, after, commands) => {
    const bench = at(situation);
    expect(bench.tell(name)).toBe(commands);
    expect(seen(bench)).toBe(after);
  });

  const others = (Object.keys(WAYS) as (keyof typeof WAYS)[]).flatMap((situation) =>
    NAMES.filter((name) => !ROWS.some(([from, told]) => from === situation && told === name)).map(
      (name) => [situation, name] as const,
    ),
  );
  it.each(others)('account actor - %s, %s changes nothing', (situation, name) => {
    const bench = at(situation);
    const before = seen(bench);
    expect(bench.tell(name)).toBe('');
    expect(seen(bench)).toBe(before);
  });

  it('account actor - the table visits every state', () => {
    expect(new Set(ROWS.map(([, , after]) => after.split(' ')[0]))).toEqual(new Set(ACCOUNT_STATES));
  });
});

describe('account actor - sequences', () => {
  it('account actor - a poll is tried again as often as allowed, and the next polls come later and later', () => {
    const { tell } = setUp({ retriesMax: 2 });
    const poll = () => ['due', 'unreachable', 'rate_limited', 'clock'].map((name) => tell(name as Name));
    expect(poll()).toEqual(['poll', 'retry 1000', 'retry 2000', 'plan 60000']);
    expect(poll()).toEqual(['poll', 'retry 1000', 'retry 2000', 'plan 120000']);
    expect(poll()[3]).toBe('plan 240000');
    expect(poll()[3]).toBe('plan 300000');
    tell('due');
    expect(tell('empty')).toBe('stale>online, plan 60000');
    expect(poll()[3]).toBe('online>stale, plan 60000');
  });

  it('account actor - ten further attempts, the most, double from 1 s', () => {
    const { tell } = setUp({ retriesMax: 10 });
    tell('due');
    const waits = Array.from({ length: 10 }, () => tell('unreachable'));
    expect(waits.at(-1)).toBe('retry 512000');
    expect(tell('unreachable')).toBe('plan 60000');
  });

  it('account actor - three wrong nonces in a row end the poll as `nonce`, two do not', () => {
    const bench = setUp({ retriesMax: 10 });
    bench.tell('due');
    expect([bench.tell('nonce'), bench.tell('nonce')]).toEqual(['retry 1000', 'retry 2000']);
    expect(bench.tell('clock')).toBe('retry 4000');
    expect([bench.tell('nonce'), bench.tell('nonce')]).toEqual(['retry 8000', 'retry 16000']);
    expect(bench.tell('nonce')).toBe('plan 60000');
    expect(seen(bench)).toBe('waiting stale nonce');
    bench.tell('due');
    expect(bench.tell('nonce')).toBe('plan 120000');
  });

  it('account actor - wrong nonces of three polls count together', () => {
    const bench = setUp();
    for (const name of ['due', 'nonce', 'due', 'nonce', 'due'] as const) bench.tell(name);
    expect(seen(bench)).toBe('polling stale starting');
    bench.tell('nonce');
    expect(seen(bench)).toBe('waiting stale nonce');
  });

  it('account actor - five empty polls double the interval, not above 300 s', () => {
    const { tell, judge } = setUp();
    const intervals = Array.from({ length: 20 }, () => {
      tell('due');
      tell('empty');
      return judge.intervalMs / 1000;
    });
    expect(intervals.filter((_, index) => index % 5 === 4)).toEqual([120, 240, 300, 300]);
    expect(intervals[3]).toBe(60);
    tell('due');
    expect(tell('new')).toBe('plan 30000');
  });

  it('account actor - empty spans of the past do not slow it down', () => {
    const { tell, judge } = setUp();
    for (let polls = 0; polls < 20; polls++) {
      tell('due');
      tell('empty behind');
    }
    expect(judge.intervalMs).toBe(60_000);
  });

  it.each([
    [1_000, 1_000, 300_000],
    [20_000, 20_000, 300_000],
    [60_000, 30_000, 300_000],
    [3_600_000, 1_800_000, 3_600_000],
  ])(
    'account actor - with an interval of %i ms a new trade makes it %i, and silence %i at most',
    (apiIntervalMs, busy, quiet) => {
      const { tell, judge } = setUp({ apiIntervalMs });
      tell('due');
      tell('new');
      expect(judge.intervalMs).toBe(busy);
      for (let polls = 0; polls < 100; polls++) {
        tell('due');
        tell('empty');
      }
      expect(judge.intervalMs).toBe(quiet);
    },
  );

  it('account actor - the supervisor restarts one that throws, and it goes on with the same signal', () => {
    const { judge, failures } = setUp();
    expect(judge.tell(failing(1)).map(text)).toEqual(['poll']);
    expect(failures).toEqual(['restarted']);
  });

  it('account actor - a signal that fails again suspends the account, which says that this is a defect', () => {
    const { judge, failures } = setUp();
    expect(judge.tell(failing(2)).map(text)).toEqual(['stale>offline', 'stop']);
    expect(failures).toEqual(['restarted', 'restarted']);
    expect(judge).toMatchObject({ state: 'suspended', node: 'offline', reason: 'defect' });
    expect(judge.tell({ type: 'due' })).toEqual([]);
  });

  it('account actor - one that keeps failing is given up, and its account is suspended', () => {
    const { judge, failures } = setUp();
    const rounds = Array.from({ length: 3 }, () => judge.tell(failing(1)));
    expect(failures).toEqual(['restarted', 'restarted', 'restarted']);
    expect(rounds.flat().map(text)).not.toContain('stop');
    expect(judge.tell(failing(1)).map(text)).toEqual(['stop']);
    expect(judge).toMatchObject({ state: 'suspended', node: 'offline', reason: 'defect' });
    expect(judge.tell({ type: 'due' })).toEqual([]);
  });

  it('account actor - after it was let go it does nothing', () => {
    const { actors, tell } = setUp();
    actors.letGo('ab12');
    expect(tell('due')).toBe('');
  });
});
