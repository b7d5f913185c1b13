import { describe, expect, it } from 'vitest';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import type { FailureOutcome } from '../../../src/actors/restart.ts';
import { DIAL_BACKOFF, FAILURES_MAX, REST_MS } from '../../../src/agent/actors/connection.ts';
import { ConnectionActor } from '../../../src/agent/actors/connection-actor.ts';
import type { ConnectionCommand, ConnectionSignal } from '../../../src/agent/domain/connection-state.ts';

const THRESHOLDS = { staleAfterMs: 60_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

type Word = ConnectionSignal['type'];

function signalOf(type: Word, random: number): ConnectionSignal {
  return type === 'unreachable' || type === 'lost' || type === 'unsent' ? { type, random } : { type };
}

function wordOf(command: ConnectionCommand): string {
  return 'ms' in command ? `${command.type} ${command.ms}` : command.type;
}

function setUp() {
  const failures: FailureOutcome[] = [];
  const supervisor = new Supervisor(THRESHOLDS, { facts: () => undefined, failed: () => undefined });
  const actor = new ConnectionActor({ failed: (outcome) => failures.push(outcome) });
  supervisor.takeIn(actor);
  /** Tells it the words of a line; returns what it decides at the last one. */
  const tell = (words: string, random = 0.5) => {
    let commands: readonly ConnectionCommand[] = [];
    for (const word of words.split(' ').filter((each) => each !== ''))
      commands = actor.tell(signalOf(word as Word, random));
    return commands.map(wordOf).join(', ');
  };
  return { supervisor, actor, tell, failures };
}

const UNSENT = Array.from({ length: FAILURES_MAX }, () => 'unsent').join(' ');
const UP = 'start connected joined';

/** What came before, the signal, the states after it, and the commands. */
const ROWS: readonly (readonly [string, Word, string, string])[] = [
  ['', 'start', 'dialling closed', 'dial'],
  ['', 'due', 'dialling closed', 'dial'],
  ['', 'lost', 'away closed', ''],
  ['', 'connected', 'away closed', ''],
  ['start', 'start', 'dialling closed', ''],
  ['start', 'due', 'dialling closed', ''],
  ['start', 'connected', 'joining closed', 'beat, join'],
  ['start', 'unreachable', 'away closed', 'wait 500'],
  ['start unreachable', 'due', 'dialling closed', 'dial'],
  ['start unreachable due', 'unreachable', 'away closed', 'wait 1000'],
  ['start connected', 'joined', 'up closed', ''],
  ['start connected', 'sent', 'joining closed', ''],
  ['start connected', 'lost', 'away closed', 'wait 500'],
  ['start connected lost due connected', 'lost', 'away closed', 'wait 1000'],
  ['start connected lost due connected sent', 'lost', 'away closed', 'wait 500'],
  ['start connected lost due connected joined', 'lost', 'away closed', 'wait 500'],
  [UP, 'lost', 'away closed', 'wait 500'],
  [UP, 'joined', 'up closed', ''],
  [UP, 'unsent', 'up closed', ''],
  [`${UP} unsent unsent unsent unsent`, 'unsent', 'up open', 'rest 60000'],
  [`${UP} unsent unsent unsent unsent sent`, 'unsent', 'up closed', ''],
  [`${UP} unsent unsent lost due connected unsent unsent`, 'unsent', 'joining open', 'rest 60000'],
  [`${UP} ${UNSENT}`, 'unsent', 'up open', ''],
  [`${UP} ${UNSENT}`, 'lost', 'away open', 'wait 500'],
  [`${UP} ${UNSENT} lost due`, 'connected', 'joining open', 'beat, join'],
  [`${UP} ${UNSENT}`, 'rested', 'up trying', 'beat'],
  [`${UP} ${UNSENT} rested`, 'sent', 'up closed', ''],
  [`${UP} ${UNSENT} rested`, 'unsent', 'up open', 'rest 60000'],
  [`${UP} ${UNSENT} rested sent unsent unsent unsent`, 'unsent', 'up closed', ''],
  [UP, 'rested', 'up closed', ''],
  ['', 'stop', 'stopped closed', 'close'],
  ['start', 'stop', 'stopped closed', 'close'],
  [UP, 'stop', 'stopped closed', 'close'],
  ['start stop', 'connected', 'stopped closed', 'close'],
  ['start stop', 'unreachable', 'stopped closed', ''],
  [`${UP} stop`, 'lost', 'stopped closed', ''],
  [`${UP} stop`, 'due', 'stopped closed', ''],
  [`${UP} stop`, 'start', 'stopped closed', ''],
];

describe('connection actor', () => {
  it.each(ROWS)('connection actor - after "%s", %s: %s, %s', (before, word, states, commands) => {
    const { actor, tell } = setUp();
    tell(before);
    expect(tell(word)).toBe(commands);
    expect(`${actor.state} ${actor.breaker}`).toBe(states);
  });

  it('connection actor - the wait before an attempt doubles up to a minute, and is anything from 0 to that', () => {
    const { tell } = setUp();
    tell('start');
    const longest: string[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      longest.push(tell('unreachable', 0.9999999));
      tell('due');
    }
    expect(longest).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => `wait ${seconds * 1_000}`));
    expect(tell('unreachable', 0)).toBe('wait 0');
    expect(DIAL_BACKOFF).toEqual({ leastMs: 1_000, mostMs: 60_000 });
  });

  it('connection actor - the breaker is open for a minute, a fifth more or less', () => {
    const { tell } = setUp();
    tell(`${UP} unsent unsent unsent unsent`);
    expect(tell('unsent', 0)).toBe(`rest ${REST_MS * 0.8}`);
    tell('rested');
    expect(tell('unsent', 0.9999999)).toBe(`rest ${REST_MS * 1.2}`);
  });

  it('connection actor - failures count over connections until one send succeeds', () => {
    const { actor, tell } = setUp();
    tell(`${UP} unsent unsent lost due connected unsent`);
    expect(actor.failures).toBe(3);
    tell('sent');
    expect(actor.failures).toBe(0);
  });

  it('connection actor - it goes on for ever: after 1,000 attempts it still dials', () => {
    const { actor, tell } = setUp();
    tell('start');
    for (let attempt = 0; attempt < 1_000; attempt++) tell('unreachable due', 0.5);
    expect(actor.state).toBe('dialling');
    expect(tell('connected')).toBe('beat, join');
  });

  it('connection actor - one that throws goes on from the state that it had', () => {
    const { actor, tell, failures } = setUp();
    tell(UP);
    const poison = {
      type: 'unsent',
      get random(): number {
        throw new Error('poison');
      },
    } as ConnectionSignal;
    tell('unsent unsent unsent unsent');
    actor.tell(poison);
    expect(failures).toEqual(['restarted', 'restarted']);
    expect(actor.state).toBe('up');
    expect(tell('lost')).toBe('wait 500');
  });
});
