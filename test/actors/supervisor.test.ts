import { describe, expect, it } from 'vitest';
import { type AnyActor, createActor, fromTransition } from 'xstate';
import { type ActorFailure, RESTART_LIMIT, Supervisor, type Ward } from '../../src/actors/supervisor.ts';
import type { NodeSign, NodeTransition } from '../../src/lifecycle/node-state.ts';

const THRESHOLDS = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };

function setUp() {
  const facts: NodeTransition[] = [];
  const failures: ActorFailure[] = [];
  const supervisor = new Supervisor(THRESHOLDS, {
    facts: (batch) => facts.push(...batch),
    failed: (failure) => failures.push(failure),
  });
  const at = (observedMs: number) => ({ nowMs: 1_000_000 + observedMs, observedMs });
  const moves = () =>
    facts.splice(0).map((fact) => `${fact.nodeId} ${fact.from ?? '-'}>${fact.to} ${fact.cause}`);
  const outcomes = () => failures.splice(0).map(({ number, outcome }) => `${number} ${outcome}`);
  return { supervisor, at, moves, outcomes };
}

function sign(number: number, change: Partial<NodeSign> = {}): NodeSign {
  return {
    number,
    nodeId: `node-${number}`,
    lifeAtMs: 1,
    leftAtMs: 0,
    heardObservedMs: 0,
    state: null,
    ...change,
  };
}

/** A sign whose reader throws, each time that the sign is sent. */
function brokenSign(number: number) {
  let throwsLeft = 0;
  const broken: NodeSign = {
    ...sign(number),
    get leftAtMs() {
      if (throwsLeft === 0) return 0;
      throwsLeft--;
      throw new RangeError('this sign cannot be read');
    },
  };
  return { broken, breakFor: (times: number) => (throwsLeft = times) };
}

describe('supervisor', () => {
  it('supervisor - a new node is online, then stale, then offline, then forgotten', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1)], at(0));
    expect(moves()).toEqual(['node-1 ->online sign_of_life']);
    supervisor.sweep(at(149_999));
    expect(moves()).toEqual([]);
    supervisor.sweep(at(150_000));
    expect(moves()).toEqual(['node-1 online>stale silence']);
    expect(supervisor.counts).toEqual({ online: 0, stale: 1, offline: 0 });
    supervisor.sweep(at(299_999));
    expect(moves()).toEqual([]);
    supervisor.sweep(at(300_000));
    expect(moves()).toEqual(['node-1 stale>offline silence']);
    supervisor.sweep(at(86_399_999));
    expect(supervisor.counts.offline).toBe(1);
    supervisor.sweep(at(86_400_000));
    expect(supervisor.counts).toEqual({ online: 0, stale: 0, offline: 0 });
    expect(moves()).toEqual([]);
  });

  it('supervisor - a sweep after a long pause makes a silent node offline directly', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1)], at(0));
    moves();
    supervisor.sweep(at(10_000_000));
    expect(moves()).toEqual(['node-1 online>offline silence']);
  });

  it('supervisor - a leave makes a node offline at once, and only a later sign of life revives it', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1, { lifeAtMs: 5 })], at(0));
    moves();
    supervisor.heard([sign(1, { lifeAtMs: 5, leftAtMs: 5, heardObservedMs: 10 })], at(10));
    expect(moves()).toEqual(['node-1 online>offline left']);
    supervisor.heard([sign(1, { lifeAtMs: 5, leftAtMs: 5, heardObservedMs: 20 })], at(20));
    expect(moves()).toEqual([]);
    supervisor.heard([sign(1, { lifeAtMs: 6, leftAtMs: 5, heardObservedMs: 30 })], at(30));
    expect(moves()).toEqual(['node-1 offline>online sign_of_life']);
  });

  it('supervisor - any message of a node ends its silence', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1)], at(0));
    supervisor.sweep(at(200_000));
    moves();
    supervisor.heard([sign(1, { heardObservedMs: 200_001 })], at(200_001));
    expect(moves()).toEqual(['node-1 stale>online sign_of_life']);
    supervisor.sweep(at(350_000));
    expect(moves()).toEqual([]);
    supervisor.sweep(at(350_001));
    expect(moves()).toEqual(['node-1 online>stale silence']);
  });

  it('supervisor - a node resumed from its row keeps its state and repeats a lost transition', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1, { state: 'stale', heardObservedMs: 100_000 })], at(300_000));
    expect(moves()).toEqual([]);
    supervisor.heard([sign(2, { state: 'online', heardObservedMs: 0 })], at(400_000));
    expect(moves()).toEqual(['node-2 online>offline silence']);
    supervisor.heard([sign(3, { leftAtMs: 2 })], at(400_000));
    expect(moves()).toEqual(['node-3 ->offline left']);
  });

  it('supervisor - a forgotten node that comes back gets an actor again, in its stored state', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1)], at(0));
    supervisor.sweep(at(400_000));
    supervisor.sweep(at(90_000_000));
    moves();
    supervisor.heard([sign(1, { state: 'offline', heardObservedMs: 90_000_001 })], at(90_000_001));
    expect(moves()).toEqual(['node-1 offline>online sign_of_life']);
    expect(supervisor.counts).toEqual({ online: 1, stale: 0, offline: 0 });
  });

  it('supervisor - a node whose row is deleted loses its actor, and is a new node when it comes back', () => {
    const { supervisor, at, moves } = setUp();
    supervisor.heard([sign(1), sign(2)], at(0));
    supervisor.gone([1, 99]);
    expect(supervisor.counts).toEqual({ online: 1, stale: 0, offline: 0 });
    moves();
    supervisor.sweep(at(400_000));
    expect(moves()).toEqual(['node-2 online>offline silence']);
    supervisor.heard([sign(3, { nodeId: 'node-1', heardObservedMs: 400_000 })], at(400_000));
    expect(moves()).toEqual(['node-1 ->online sign_of_life']);
  });

  it('supervisor - an actor that throws is restarted from its last sign, and gets that sign again with the next sweep', () => {
    const { supervisor, at, moves, outcomes } = setUp();
    const { broken, breakFor } = brokenSign(1);
    supervisor.heard([broken, sign(2)], at(0));
    moves();
    breakFor(1);
    supervisor.sweep(at(150_000));
    expect(outcomes()).toEqual(['1 restarted']);
    expect(moves()).toEqual(['node-2 online>stale silence']);
    expect(supervisor.counts).toEqual({ online: 1, stale: 1, offline: 0 });
    supervisor.sweep(at(151_000));
    expect(outcomes()).toEqual([]);
    expect(moves()).toEqual(['node-1 online>stale silence']);
    supervisor.sweep(at(300_000));
    expect(moves()).toEqual(['node-1 stale>offline silence', 'node-2 stale>offline silence']);
  });

  it('supervisor - an actor that keeps throwing is given up, reported once, and disturbs no other actor', () => {
    const { supervisor, at, moves, outcomes } = setUp();
    const { broken, breakFor } = brokenSign(1);
    supervisor.heard([broken, sign(2)], at(0));
    moves();
    for (let second = 0; second < 10; second++) {
      breakFor(1);
      supervisor.sweep(at(150_000 + second * 1000));
    }
    breakFor(0);
    expect(RESTART_LIMIT.restartsMax).toBe(3);
    expect(outcomes()).toEqual(['1 restarted', '1 restarted', '1 restarted', '1 given_up']);
    supervisor.heard([sign(1, { leftAtMs: 2 })], at(160_000));
    supervisor.sweep(at(300_000));
    expect(moves()).toEqual(['node-2 online>stale silence', 'node-2 stale>offline silence']);
    expect(supervisor.counts).toEqual({ online: 1, stale: 0, offline: 1 });
    // Its row is deleted: a node that comes back is new.
    supervisor.gone([1]);
    supervisor.heard([sign(1, { heardObservedMs: 300_000 })], at(300_000));
    expect(moves()).toEqual(['node-1 ->online sign_of_life']);
    expect(supervisor.counts).toEqual({ online: 1, stale: 0, offline: 1 });
  });

  it('supervisor - an actor whose restart fails is given up at once', () => {
    const { supervisor, at, outcomes } = setUp();
    const { broken, breakFor } = brokenSign(1);
    supervisor.heard([broken], at(0));
    breakFor(100);
    supervisor.sweep(at(150_000));
    expect(outcomes()).toEqual(['1 restarted', '1 restarted', '1 restarted', '1 given_up']);
  });

  it('supervisor - a ward is started, restarted and given up like a node, and ends when it is let go', () => {
    const { supervisor, at, outcomes } = setUp();
    const story: string[] = [];
    const actors: AnyActor[] = [];
    const ward: Ward = {
      id: 'ward',
      start: (parent) => {
        const logic = fromTransition((state: null, { type }: { readonly type: string }) => {
          if (type === 'break') throw new RangeError('this event cannot be handled');
          story.push(type);
          return state;
        }, null);
        const actor = createActor(logic, { id: 'ward', parent }).start();
        actor.subscribe({ complete: () => story.push('ended'), error: () => undefined });
        actors.push(actor);
        return actor;
      },
      failed: (outcome) => story.push(outcome),
    };
    supervisor.takeIn(ward);
    const tell = (type: string) => actors.at(-1)?.send({ type });
    tell('hello');
    for (let time = 0; time < 2; time++) tell('break');
    tell('again');
    supervisor.sweep(at(59_999));
    tell('break');
    // The restarts of the first moment no longer count.
    supervisor.sweep(at(60_000));
    for (let time = 0; time < 3; time++) tell('break');
    expect(story).toEqual([
      'hello',
      'restarted',
      'restarted',
      'again',
      ...Array(3).fill('restarted'),
      'given_up',
    ]);
    expect(actors).toHaveLength(6);
    supervisor.letGo('ward');
    supervisor.takeIn(ward);
    tell('back');
    supervisor.letGo('ward');
    expect(story.slice(-3)).toEqual(['back', 'xstate.stop', 'ended']);
    expect(outcomes()).toEqual([]);
  });

  it('supervisor - restarts older than a minute no longer count', () => {
    const { supervisor, at, outcomes } = setUp();
    const { broken, breakFor } = brokenSign(1);
    supervisor.heard([broken], at(0));
    for (let failure = 0; failure < 8; failure++) {
      breakFor(1);
      supervisor.sweep(at(150_000 + failure * 20_000));
    }
    expect(outcomes()).toEqual(Array.from({ length: 8 }, () => '1 restarted'));
  });
});
