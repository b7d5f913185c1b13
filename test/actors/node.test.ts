import { describe, expect, it } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { nodeMachine, type NodeEvent, type NodeReport, transitionOf } from '../../src/actors/node.ts';
import type { NodeSign } from '../../src/lifecycle/node-state.ts';
import { NODE_STATES, type NodeState } from '../../src/lifecycle/node-state.ts';

const THRESHOLDS = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: 86_400_000 };
/** The observed clock now; the wall clock shows another time, so that a mix-up of the two fails. */
const OBSERVED_MS = 1_000_000;
const NOW_MS = 1_768_473_000_000;
const MOMENT = { nowMs: NOW_MS, observedMs: OBSERVED_MS };

function signOf(silenceMs: number, lifeAtMs = 1, leftAtMs = 0): NodeSign {
  return {
    number: 7,
    nodeId: 'node-7',
    lifeAtMs,
    leftAtMs,
    heardObservedMs: OBSERVED_MS - silenceMs,
    state: null,
  };
}

/** Puts a machine into `state`, last heard as in `known`, sends it the events, and returns every resulting message. */
function play(state: NodeState, known: NodeSign, events: readonly NodeEvent[]) {
  const reports: NodeReport[] = [];
  const parent = createActor(
    fromTransition((_: null, report: NodeReport) => {
      reports.push(report);
      return null;
    }, null),
  ).start();
  const context = { sign: known, thresholds: THRESHOLDS };
  const snapshot = nodeMachine.resolveState({ value: state, context });
  // The machine addresses its parent; in the program that is the supervisor.
  const actor = createActor(nodeMachine, { snapshot, parent, input: context }).start();
  for (const event of events) actor.send(event);
  const { value, context: after } = actor.getSnapshot();
  return {
    state: value,
    reports,
    sign: after.sign,
    moves: reports.map(({ fact }) => `${fact.from}>${fact.to} ${fact.cause}`),
  };
}

const heard = (sign: NodeSign): NodeEvent => ({ type: 'sign', sign, moment: MOMENT });

interface Row {
  readonly from: NodeState;
  /** Silence, life and leave as the machine knew them, and in the sign that it gets; null: the same values again. */
  readonly known: readonly [number, number?, number?];
  readonly sign: readonly [number, number?, number?] | null;
  readonly to: NodeState;
  readonly move: string | null;
}

const ROWS: readonly Row[] = [
  // No new message: silence since the last sign of life decides, exactly at the thresholds.
  { from: 'online', known: [0], sign: null, to: 'online', move: null },
  { from: 'online', known: [149_999], sign: null, to: 'online', move: null },
  { from: 'online', known: [150_000], sign: null, to: 'stale', move: 'online>stale silence' },
  { from: 'online', known: [299_999], sign: null, to: 'stale', move: 'online>stale silence' },
  { from: 'online', known: [300_000], sign: null, to: 'offline', move: 'online>offline silence' },
  { from: 'online', known: [99_999_999], sign: null, to: 'offline', move: 'online>offline silence' },
  { from: 'stale', known: [150_000], sign: null, to: 'stale', move: null },
  { from: 'stale', known: [299_999], sign: null, to: 'stale', move: null },
  { from: 'stale', known: [300_000], sign: null, to: 'offline', move: 'stale>offline silence' },
  { from: 'offline', known: [300_000], sign: null, to: 'offline', move: null },
  { from: 'offline', known: [99_999_999], sign: null, to: 'offline', move: null },
  { from: 'offline', known: [400_000, 5, 5], sign: null, to: 'offline', move: null },
  // A sign: any valid message ends silence, whatever its type.
  { from: 'online', known: [100_000], sign: [0], to: 'online', move: null },
  { from: 'stale', known: [200_000], sign: [0], to: 'online', move: 'stale>online sign_of_life' },
  { from: 'offline', known: [400_000], sign: [0], to: 'online', move: 'offline>online sign_of_life' },
  {
    from: 'offline',
    known: [400_000, 0, 0],
    sign: [0, 0, 0],
    to: 'online',
    move: 'offline>online sign_of_life',
  },
  // A leave: the node is offline at once, and only a later sign of life revives it.
  { from: 'online', known: [0, 5], sign: [0, 5, 5], to: 'offline', move: 'online>offline left' },
  { from: 'online', known: [0, 5], sign: [0, 5, 6], to: 'offline', move: 'online>offline left' },
  { from: 'online', known: [0, 0], sign: [0, 0, 1], to: 'offline', move: 'online>offline left' },
  { from: 'online', known: [0, 7], sign: [0, 7, 6], to: 'online', move: null },
  { from: 'stale', known: [200_000, 5], sign: [0, 5, 6], to: 'offline', move: 'stale>offline left' },
  { from: 'offline', known: [10, 5, 6], sign: [0, 5, 6], to: 'offline', move: null },
  { from: 'offline', known: [10, 5, 6], sign: [0, 6, 6], to: 'offline', move: null },
  { from: 'offline', known: [10, 5, 6], sign: [0, 7, 6], to: 'online', move: 'offline>online sign_of_life' },
  { from: 'offline', known: [400_000, 5], sign: [0, 5, 6], to: 'offline', move: null },
  // A sign with old times, as at start: silence decides.
  { from: 'online', known: [0], sign: [149_999], to: 'online', move: null },
  { from: 'online', known: [0], sign: [150_000], to: 'stale', move: 'online>stale silence' },
  { from: 'online', known: [0], sign: [300_000], to: 'offline', move: 'online>offline silence' },
  { from: 'stale', known: [0], sign: [150_000], to: 'stale', move: null },
  { from: 'stale', known: [0], sign: [300_000], to: 'offline', move: 'stale>offline silence' },
  { from: 'offline', known: [0, 5, 6], sign: [200_000, 7, 6], to: 'stale', move: 'offline>stale silence' },
  { from: 'offline', known: [0, 5, 6], sign: [300_000, 7, 6], to: 'offline', move: null },
  { from: 'online', known: [0, 5], sign: [400_000, 5, 6], to: 'offline', move: 'online>offline left' },
];

describe('node', () => {
  it.each(ROWS)(
    'node - from $from, last heard $known, sign $sign: becomes $to, reports $move',
    ({ from, known, sign, to, move }) => {
      const before = signOf(...known);
      const event = heard(sign === null ? before : signOf(...sign));
      const after = play(from, before, [event]);
      expect(after.state).toBe(to);
      expect(after.moves).toEqual(move === null ? [] : [move]);
      // From now on the machine judges by its latest sign.
      expect(after.sign).toEqual(sign === null ? before : signOf(...sign));
    },
  );

  it('node - a transition carries the node, both states, the cause, and the time on both clocks', () => {
    const { reports } = play('online', signOf(0), [heard(signOf(0, 5, 6))]);
    expect(reports).toEqual([
      {
        type: 'transition',
        number: 7,
        fact: {
          nodeId: 'node-7',
          atMs: NOW_MS,
          observedMs: OBSERVED_MS,
          from: 'online',
          to: 'offline',
          cause: 'left',
        },
      },
    ]);
  });

  it('node - a whole life', () => {
    const at = (observedMs: number) => ({ nowMs: NOW_MS + observedMs, observedMs });
    const signAt = (observedMs: number, lifeAtMs: number, leftAtMs: number): NodeEvent => ({
      type: 'sign',
      sign: { ...signOf(0, lifeAtMs, leftAtMs), heardObservedMs: observedMs },
      moment: at(observedMs),
    });
    const known = { ...signOf(0), heardObservedMs: 0 };
    const sweepAt = (observedMs: number, sign: NodeSign = known): NodeEvent => ({
      type: 'sign',
      sign,
      moment: at(observedMs),
    });
    const revived = signAt(400_000, 10, 0);
    const left = signAt(560_000, 10, 20);
    const { moves, reports, state } = play('online', known, [
      sweepAt(149_999),
      sweepAt(150_000),
      sweepAt(299_999),
      sweepAt(300_000),
      sweepAt(300_001),
      revived,
      sweepAt(549_999, revived.sign),
      signAt(550_000, 10, 20),
      left,
      sweepAt(560_001, left.sign),
      signAt(570_000, 30, 20),
    ]);
    expect(state).toBe('online');
    expect(moves).toEqual([
      'online>stale silence',
      'stale>offline silence',
      'offline>online sign_of_life',
      'online>offline left',
      'offline>online sign_of_life',
    ]);
    expect(reports.map(({ fact }) => fact.observedMs)).toEqual([150_000, 300_000, 400_000, 550_000, 570_000]);
  });

  it.each(NODE_STATES)('node - the same sign a second time changes nothing from %s', (state) => {
    for (const sign of [signOf(0), signOf(200_000), signOf(400_000), signOf(0, 5, 6)]) {
      const once = play(state, signOf(0), [heard(sign)]);
      const twice = play(state, signOf(0), [heard(sign), heard(sign), heard(sign)]);
      expect(twice).toEqual(once);
    }
  });

  it('node - a first state is a fact without a transition', () => {
    expect(transitionOf(signOf(0), null, 'online', MOMENT)).toMatchObject({
      from: null,
      to: 'online',
      cause: 'sign_of_life',
    });
    expect(transitionOf(signOf(0, 1, 1), null, 'offline', MOMENT)).toMatchObject({
      from: null,
      to: 'offline',
      cause: 'left',
    });
  });
});
