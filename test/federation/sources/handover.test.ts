import { describe, expect, it, vi } from 'vitest';
import { type Batch, type BatchMessage, readBatch } from '../../../src/federation/sources/batch.ts';
import { Handover } from '../../../src/federation/sources/handover.ts';

const RECEIVED = 0;
const COMPLETED = 1;
const INVOICE = 2;
const HEARTBEAT = 3;
const JOINED = 4;
const LEFT = 5;

function setUp(
  options: {
    backlogBytesMax?: number;
    mayShed?: boolean;
    idleTimeMs?: number;
    batchTimeMs?: number;
    batchesMax?: number;
  } = {},
) {
  const mayShed = options.mayShed ?? true;
  const sent: Batch[] = [];
  const shed: number[] = [];
  const room: string[] = [];
  const handover = new Handover(
    {
      batchMessagesMax: 4,
      batchBytesMax: 1000,
      idleTimeMs: options.idleTimeMs ?? 1,
      batchTimeMs: options.batchTimeMs ?? 1,
      batchesMax: options.batchesMax ?? 1,
      backlogBytesMax: options.backlogBytesMax ?? 1_000_000,
    },
    {
      send: (batch) => sent.push(batch),
      full: () => room.push('full'),
      roomy: () => room.push('roomy'),
      mayShed: () => mayShed,
      shed: (subject) => shed.push(subject),
    },
  );
  let seq = 0;
  const add = (subject: number, text = 'x') =>
    handover.add({
      subject,
      payload: Buffer.from(text),
      atMs: ++seq,
      seq: mayShed ? null : seq,
      observedMs: seq * 10,
    });
  /** All messages of the batches sent so far; the batches are returned to the handover until no more come. */
  const drain = () => {
    const messages: BatchMessage[] = [];
    for (let batch = sent.shift(); batch !== undefined; batch = sent.shift()) {
      readBatch(batch, (message) => messages.push({ ...message, payload: new Uint8Array(message.payload) }));
      handover.giveBack(batch);
      handover.flush();
    }
    return messages;
  };
  return { handover, add, drain, sent, shed, room };
}

describe('handover', () => {
  it('handover - messages come out as they went in, in order, over reused batches', () => {
    const { handover, add, drain } = setUp();
    for (let round = 0; round < 3; round++) {
      for (const text of ['', 'a', 'é'.repeat(100)]) add(HEARTBEAT, text);
      handover.flush();
      const messages = drain();
      expect(messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual([
        '',
        'a',
        'é'.repeat(100),
      ]);
      expect(messages.map(({ atMs }) => atMs)).toEqual([1, 2, 3].map((number) => number + round * 3));
      expect(messages.map(({ observedMs }) => observedMs)).toEqual(messages.map(({ atMs }) => atMs * 10));
    }
    expect(handover.isEmpty).toBe(true);
    handover.stop();
  });

  it('handover - it reports full while the writer holds all batches, and keeps messages that still arrive', () => {
    const { handover, add, drain, sent, room } = setUp({ mayShed: false });
    for (let number = 0; number < 11; number++) add(RECEIVED);
    expect(sent).toHaveLength(1);
    expect(room).toEqual(['full']);
    expect(handover.waitingBytes).toBeGreaterThan(0);
    expect(drain()).toHaveLength(11);
    expect(room.at(-1)).toBe('roomy');
    expect(handover.isEmpty).toBe(true);
    handover.stop();
  });

  it('handover - settle() sends waiting messages at once, or as soon as the writer is idle', () => {
    const { handover, add, sent } = setUp({ idleTimeMs: 60_000, batchTimeMs: 60_000, batchesMax: 4 });
    handover.settle();
    expect(sent).toEqual([]);
    add(RECEIVED);
    handover.settle();
    expect(sent.map(({ count }) => count)).toEqual([1]);
    add(RECEIVED);
    handover.settle();
    add(HEARTBEAT);
    handover.settle();
    expect(sent).toHaveLength(1);
    const [first] = sent;
    if (first !== undefined) handover.giveBack(first);
    expect(sent.map(({ count }) => count)).toContain(2);
    handover.stop();
  });

  it('handover - over the bound heartbeats are shed first, joins and leaves last, and the oldest of a kind first', () => {
    const kinds = [LEFT, JOINED, COMPLETED, INVOICE, RECEIVED, HEARTBEAT];
    const order: number[] = [];
    for (let room = kinds.length * 2; room >= 0; room--) {
      // 8 messages fill the batch under way and the one being filled; 65 bytes each for the rest.
      const { handover, add, drain, shed } = setUp({ backlogBytesMax: room * 65 });
      for (let number = 0; number < 8; number++) add(RECEIVED);
      for (const kind of [...kinds, ...kinds]) add(kind);
      expect(shed).toHaveLength(kinds.length * 2 - room);
      expect(drain()).toHaveLength(8 + room);
      order.length = 0;
      order.push(...shed.toSorted((a, b) => kinds.indexOf(b) - kinds.indexOf(a)));
      handover.stop();
    }
    expect(order).toEqual(kinds.toReversed().flatMap((kind) => [kind, kind]));
    const { handover, add, shed } = setUp({ backlogBytesMax: 3 * 65 });
    for (let number = 0; number < 8; number++) add(RECEIVED);
    for (const kind of [HEARTBEAT, COMPLETED, LEFT, JOINED]) add(kind);
    expect(shed).toEqual([HEARTBEAT]);
    add(HEARTBEAT);
    expect(shed).toEqual([HEARTBEAT, HEARTBEAT]);
    add(LEFT);
    expect(shed).toEqual([HEARTBEAT, HEARTBEAT, COMPLETED]);
    handover.stop();
  });

  it('handover - no message is shed if the source can be held back', () => {
    const { handover, add, drain, shed } = setUp({ backlogBytesMax: 0, mayShed: false });
    for (let number = 0; number < 500; number++) add(number % 7);
    expect(shed).toEqual([]);
    // In the order of the stream, because the position counts a skipped sequence as lost.
    expect(drain().map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    handover.stop();
  });

  it('handover - waiting messages are sent in the order of arrival, because limits depend on their times', () => {
    const { handover, add, drain } = setUp();
    for (let number = 0; number < 100; number++) add((number * 5) % 7);
    expect(drain().map(({ atMs }) => atMs)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    handover.stop();
  });

  it('handover - a waiting message is a copy, independent of the buffer it came in', () => {
    const { handover, add, drain } = setUp();
    for (let number = 0; number < 8; number++) add(RECEIVED);
    const payload = Buffer.from('before');
    handover.add({ subject: COMPLETED, payload, atMs: 1, seq: null, observedMs: 0 });
    payload.fill('#');
    expect(Buffer.from(drain().at(-1)?.payload ?? []).toString()).toBe('before');
    handover.stop();
  });

  it('handover - discarding keeps messages from plain NATS, because no stream holds them', () => {
    const { handover, add, drain } = setUp();
    for (let number = 0; number < 10; number++) add(LEFT, String(number));
    // The source changed to a stream while the writer was slow.
    for (let seq = 1; seq < 4; seq++)
      handover.add({ subject: RECEIVED, payload: Buffer.from('s'), atMs: 50, seq, observedMs: 0 });
    handover.discard();
    handover.discard();
    const texts = drain().map(({ payload }) => Buffer.from(payload).toString());
    expect(texts).toEqual(Array.from({ length: 10 }, (_, number) => String(number)));
    expect(handover.waitingBytes).toBe(0);
    handover.stop();
  });

  it('handover - a discarded message is not sent', () => {
    const { handover, add, drain } = setUp({ mayShed: false });
    for (let number = 0; number < 12; number++) add(RECEIVED);
    handover.discard();
    expect(handover.waitingBytes).toBe(0);
    expect(drain()).toHaveLength(4);
    add(LEFT);
    handover.flush();
    expect(drain()).toHaveLength(1);
    handover.stop();
  });

  it('handover - sparse messages go soon to an idle writer, and wait for a full batch while the writer is busy', () => {
    vi.useFakeTimers();
    try {
      const { handover, add, sent } = setUp({
        mayShed: false,
        idleTimeMs: 100,
        batchTimeMs: 250,
        batchesMax: 2,
      });
      add(HEARTBEAT);
      vi.advanceTimersByTime(99);
      expect(sent).toHaveLength(0);
      vi.advanceTimersByTime(1);
      expect(sent).toHaveLength(1);
      // The writer is busy: the next batch waits for it, up to a limit.
      add(HEARTBEAT);
      vi.advanceTimersByTime(249);
      expect(sent).toHaveLength(1);
      vi.advanceTimersByTime(1);
      expect(sent).toHaveLength(2);
      // The writer becomes idle while a batch is between the two times: that batch goes at once.
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      add(HEARTBEAT);
      handover.flush();
      add(HEARTBEAT);
      vi.advanceTimersByTime(120);
      expect(sent).toHaveLength(1);
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      expect(sent).toHaveLength(1);
      // A batch that was sent because it was full has no deadline left, and neither has a discarded one.
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      add(HEARTBEAT);
      vi.advanceTimersByTime(50);
      handover.discard();
      vi.advanceTimersByTime(1000);
      add(HEARTBEAT);
      vi.advanceTimersByTime(100);
      expect(sent).toHaveLength(1);
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      for (let i = 0; i < 5; i++) add(HEARTBEAT);
      expect(sent).toHaveLength(1);
      vi.advanceTimersByTime(99);
      expect(sent).toHaveLength(1);
      // Messages that waited beyond the batches are sent without a further call.
      for (let i = 0; i < 5; i++) add(HEARTBEAT);
      expect(sent).toHaveLength(2);
      for (let i = 0; i < 5; i++) add(HEARTBEAT);
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      vi.advanceTimersByTime(250);
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      vi.advanceTimersByTime(250);
      for (const batch of sent.splice(0)) handover.giveBack(batch);
      expect(handover.isEmpty).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
