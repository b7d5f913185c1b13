import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../../../src/federation/domain/decode.ts';
import { MALFORMED_CREDENTIAL } from '../../../src/federation/domain/message-signature.ts';
import { encodeRound } from '../../../src/federation/domain/round-writer.ts';
import type { RoundEntry } from '../../../src/federation/domain/round.ts';
import { LOST, ROUND_BEGINS, ROUND_ENDS } from '../../../src/federation/sources/batch.ts';
import { type LogEntry, LogRounds } from '../../../src/federation/sources/log-rounds.ts';
import { encodedRound } from './log-source.ts';

/** Rounds whose commands are read when the test says so; `taken` has what was handed on. */
function startRounds() {
  const taken: LogEntry[] = [];
  const room: string[] = [];
  const faults: string[] = [];
  const gate = { coveredMs: Infinity };
  let full = (): void => undefined;
  const rounds = new LogRounds({
    mayPass: (arrivedMs) => arrivedMs <= gate.coveredMs,
    opened: () => undefined,
    entry: (entry) => {
      taken.push(entry);
      full();
    },
    unreadable: (_seq, reason) => faults.push(reason),
    full: () => room.push('full'),
    roomy: () => room.push('roomy'),
  });
  let seq = 0;
  return {
    rounds,
    taken,
    room,
    faults,
    gate,
    /** Calls back with the next entry, as a handover without room does. */
    whenTaken: (does: () => void) => (full = does),
    bring(payload: Uint8Array, heardMs = 0) {
      seq++;
      rounds.add({ payload, seq, atMs: seq, heardMs, ageMs: 0 });
    },
    /** The log's sequences of the rounds that were handed on. */
    passed: () => taken.filter(({ subject }) => subject === ROUND_ENDS).map(({ seq: at }) => at),
  };
}

describe('log rounds', () => {
  it('log rounds - messages beyond their limits are cut, and losses are entries of their own', () => {
    const { bring, taken } = startRounds();
    const entry = (at: number, changes: Partial<RoundEntry>): RoundEntry => ({
      seq: at,
      atMs: 5,
      subject: 0,
      credential: null,
      payload: Buffer.from('x'),
      ...changes,
    });
    const header = {
      maker: 'a',
      source: { stream: 'S', incarnation: 'i' },
      first: 1,
      from: 0,
      to: 9,
      count: 3,
    };
    bring(
      encodeRound({
        header: { ...header, atMs: 5, behindMs: 0, isAway: false },
        entries: [
          entry(4, { lost: 3, payload: Buffer.alloc(0) }),
          entry(5, { payload: Buffer.alloc(MESSAGE_BYTES_MAX * 2, 0x20) }),
          entry(6, { credential: 'k'.repeat(61), subject: 6 }),
        ],
      }),
    );
    expect(
      taken.map(({ subject, seq, credential, payload }) => [subject, seq, credential, payload.length]),
    ).toEqual([
      [ROUND_BEGINS, 1, undefined, taken[0]?.payload.length],
      [LOST, 4, undefined, 1],
      [0, 5, null, MESSAGE_BYTES_MAX + 1],
      [6, 6, MALFORMED_CREDENTIAL, 1],
      [ROUND_ENDS, 1, undefined, 0],
    ]);
  });

  it('log rounds - any bytes are handed on as a round or left out, without an exception', () => {
    const whole = encodedRound(0, ['a', 'b'.repeat(600)]);
    const changed = fc
      .record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), cut: fc.nat(whole.length) })
      .map(({ at, byte, cut }) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = byte;
        return bytes.subarray(0, cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), changed), (bytes) => {
        const { bring, faults, passed } = startRounds();
        bring(bytes);
        return faults.length + passed().length === 1;
      }),
    );
  });

  it('log rounds - a round passes only when the commands for it are read, and none overtakes another', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('round' as const), waitMs: fc.nat(50) }),
      fc.record({ type: fc.constant('read' as const), aheadMs: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { rounds, gate, bring, passed } = startRounds();
        const arrivals: number[] = [];
        let nowMs = 0;
        gate.coveredMs = -1;
        for (const next of events) {
          if (next.type === 'round') {
            nowMs += next.waitMs;
            arrivals.push(nowMs);
            bring(encodedRound(0, ['a']), nowMs);
          } else {
            gate.coveredMs = Math.max(gate.coveredMs, nowMs + next.aheadMs - 30);
            rounds.pass();
          }
          const may = arrivals.filter((arrivedMs) => arrivedMs <= gate.coveredMs).length;
          expect(passed()).toEqual(Array.from({ length: may }, (_, index) => index + 1));
        }
      }),
    );
  });

  it('log rounds - a handover without room gets the rest of one round, and the others in order later', () => {
    const { rounds, bring, passed, room, whenTaken } = startRounds();
    whenTaken(() => rounds.hold());
    for (let count = 0; count < 40; count++) bring(encodedRound(0, ['a', 'b']));
    expect([passed(), rounds.count, room]).toEqual([[1], 39, ['full']]);
    whenTaken(() => undefined);
    rounds.release();
    expect(passed()).toHaveLength(40);
    expect(room).toEqual(['full', 'roomy']);
  });

  it('log rounds - no more rounds are asked for while 16 wait, until 8 do', () => {
    const { rounds, gate, bring, room } = startRounds();
    gate.coveredMs = -1;
    for (let count = 1; count <= 15; count++) bring(encodedRound(0, []), count);
    expect(room).toEqual([]);
    bring(encodedRound(0, []), 16);
    expect(room).toEqual(['full']);
    gate.coveredMs = 8;
    rounds.pass();
    expect([rounds.count, room]).toEqual([8, ['full']]);
    gate.coveredMs = 9;
    rounds.pass();
    expect([rounds.count, room]).toEqual([7, ['full', 'roomy']]);
  });

  it('log rounds - what is forgotten is not handed on', () => {
    const { rounds, gate, bring, passed } = startRounds();
    gate.coveredMs = -1;
    bring(encodedRound(0, []));
    rounds.clear();
    gate.coveredMs = 0;
    rounds.pass();
    expect([rounds.count, passed()]).toEqual([0, []]);
  });
});
