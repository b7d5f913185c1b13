import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../../src/federation/domain/placement.ts';
import {
  type DecodedRound,
  decodeRound,
  entriesOf,
  ROUND_BYTES_MAX,
  ROUND_MESSAGES_MAX,
} from '../../../src/federation/domain/round.ts';
import { RoundDraft } from '../../../src/federation/sources/round-draft.ts';

const FACTS = {
  maker: 'a',
  source: { stream: 's', incarnation: 'i' },
  first: 1,
  atMs: 10_000,
  behindMs: 0,
  isAway: false,
};
const message = (seq: number, payload: Uint8Array) => ({
  seq,
  atMs: seq,
  subject: 0,
  credential: null,
  payload,
});

function decoded(bytes: Uint8Array): DecodedRound {
  const round = decodeRound(bytes);
  if (round.type === 'fault') throw new Error(round.reason);
  return round;
}

describe('round draft', () => {
  it('cuts a range by partition, and every log gets the same range', () => {
    const draft = new RoundDraft(4, null, 10);
    const sent = Array.from({ length: 50 }, (_none, index) =>
      message(11 + index, Buffer.from(JSON.stringify({ nodeId: `n${index}` }))),
    );
    for (const one of sent) expect(draft.add(one)).toBe(true);
    const rounds = draft.close(FACTS).map(({ partition, bytes }) => ({ partition, round: decoded(bytes) }));
    expect(rounds.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
    for (const { partition, round } of rounds) {
      expect(round.header).toMatchObject({ from: 10, to: 60 });
      const wanted = sent.filter(({ payload, seq }) => partitionOf(payload, seq, 4) === partition);
      expect(entriesOf(round).map(({ seq }) => seq)).toEqual(wanted.map(({ seq }) => seq));
    }
    const [next] = draft.close(FACTS);
    expect(decoded(next?.bytes ?? Buffer.of()).header).toMatchObject({ from: 60, to: 60, count: 0 });
  });

  it('encodes what cannot be compressed as several rounds that a log accepts', () => {
    const draft = new RoundDraft(1, null, 0);
    const sent: number[] = [];
    for (let seq = 1; draft.add(message(seq, randomBytes(10_000))); seq++) sent.push(seq);
    const rounds = draft.close(FACTS);
    expect(rounds.length).toBeGreaterThan(1);
    for (const { bytes } of rounds) expect(bytes.length).toBeLessThanOrEqual(ROUND_BYTES_MAX);
    const headers = rounds.map(({ bytes }) => decoded(bytes).header);
    expect(headers.map(({ from }) => from)).toEqual([0, ...headers.slice(0, -1).map(({ to }) => to)]);
    expect(headers.at(-1)).toMatchObject({ to: sent.at(-1), behindMs: 0 });
    // A part says no more than that it was read up to its own last message.
    for (const { to, atMs, behindMs } of headers.slice(0, -1)) expect(atMs - behindMs).toBe(to);
    expect(rounds.flatMap(({ bytes }) => entriesOf(decoded(bytes)).map(({ seq }) => seq))).toEqual(sent);
  });

  it('takes a round full, of every partition together', () => {
    const draft = new RoundDraft(2, null, 0);
    let seq = 0;
    while (draft.add(message(seq + 1, Buffer.of(1)))) seq++;
    expect(seq).toBe(ROUND_MESSAGES_MAX);
    expect(draft.addLost(seq + 5, 1)).toBe(false);
    draft.close(FACTS);
    expect(draft.addLost(seq + 5, 1)).toBe(true);
    const entries = draft.close(FACTS).flatMap(({ bytes }) => entriesOf(decoded(bytes)));
    expect(entries).toEqual([expect.objectContaining({ seq: seq + 5, lost: 5 })]);
  });

  it('of one partition alone it makes only that one, with the whole range', () => {
    const draft = new RoundDraft(2, 1, 0);
    for (let seq = 1; seq <= 10; seq++) draft.add(message(seq, Buffer.from('x')));
    const rounds = draft.close(FACTS);
    expect(rounds.map(({ partition }) => partition)).toEqual([1]);
    const round = decoded(rounds[0]?.bytes ?? Buffer.of());
    expect(round.header).toMatchObject({ from: 0, to: 10 });
    expect(entriesOf(round).map(({ seq }) => seq)).toEqual([1, 3, 5, 7, 9]);
  });

  it('cuts a message after the first byte beyond the limit', () => {
    const draft = new RoundDraft(1, null, 0);
    draft.add(message(1, Buffer.alloc(1_000_000)));
    const [round] = draft.close(FACTS);
    expect(entriesOf(decoded(round?.bytes ?? Buffer.of()))[0]?.payload.length).toBe(16_385);
  });
});
