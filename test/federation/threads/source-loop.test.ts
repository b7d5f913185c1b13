import { describe, expect, it } from 'vitest';
import { MESSAGE_BYTES_MAX } from '../../../src/federation/domain/decode.ts';
import { type Batch, readBatch } from '../../../src/federation/sources/batch.ts';
import { HANDOVER } from '../../../src/federation/sources/handover.ts';
import {
  OBSERVED_STEP_MAX_MS,
  REPORT_INTERVAL_MS,
  STOP_HANDOVER_MS,
} from '../../../src/federation/threads/source-loop.ts';
import { NOW_MS } from '../store/events.ts';
import { startSource } from './given-source.ts';

const [RECEIVED, COMPLETED, INVOICE, HEARTBEAT, JOINED, LEFT, OTHER] = [
  'truebit.tasks.received',
  'truebit.tasks.completed',
  'truebit.invoices.created',
  'truebit.heartbeat',
  'truebit.nodes.joined',
  'truebit.nodes.left',
  'truebit.other',
] as const;
const STREAM = { name: 'S', created: '2026-01-01T00:00:00Z', firstSeq: 1, lastSeq: 0 };

const counts = (batches: readonly Batch[]) => batches.map(({ count }) => count);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('source loop', () => {
  it.each<[string, boolean, number, (set: Awaited<ReturnType<typeof startSource>>) => void, number]>([
    ['full of messages', false, 5, () => undefined, 4],
    ['full of bytes', false, 1, ({ bring }) => [1, 2].forEach(() => bring(RECEIVED, 'x'.repeat(12_000))), 2],
    ['not full, before its time', false, 3, ({ pass }) => pass(HANDOVER.idleTimeMs - 1), 0],
    [
      'not full, with an idle writer after a short time',
      false,
      3,
      ({ pass }) => pass(HANDOVER.idleTimeMs),
      3,
    ],
    [
      'not full, with a busy writer before its time',
      true,
      3,
      ({ pass }) => pass(HANDOVER.batchTimeMs - 1),
      0,
    ],
    ['not full, with a busy writer after its time', true, 3, ({ pass }) => pass(HANDOVER.batchTimeMs), 3],
    ['at the end of the stream, with an idle writer', false, 3, ({ loop }) => loop.resting(), 3],
    ['at the end of the stream, with a busy writer', true, 3, ({ loop }) => loop.resting(), 0],
    [
      'at the end of the stream, when the writer becomes idle',
      true,
      3,
      ({ loop, giveBack }) => {
        loop.resting();
        giveBack();
      },
      3,
    ],
  ])('source loop - a batch is handed over: %s', async (_when, isBusy, messages, happens, expected) => {
    const { batches, bringMany, ...set } = await startSource();
    if (isBusy) {
      bringMany(1);
      set.loop.resting();
    }
    bringMany(messages);
    happens({ ...set, batches, bringMany });
    const sent = counts(set.said.flatMap((message) => (message.type === 'batch' ? [message.batch] : [])));
    expect(sent.slice(isBusy ? 1 : 0)).toEqual(expected === 0 ? [] : [expected]);
  });

  it('source loop - no more than four batches are under way, the stream is held back and loses nothing of its order', async () => {
    const { input, loop, batches, bringMany, giveBack, main } = await startSource();
    bringMany(15);
    expect([counts(batches), input.heldBack]).toEqual([[4, 4, 4], []]);
    bringMany(15);
    expect([counts(batches), input.heldBack]).toEqual([[4, 4, 4, 4], ['pause']]);
    const order: number[] = [];
    for (let rounds = 0; !loop.isEmpty && rounds < 100; rounds++) {
      expect(batches.length).toBeLessThanOrEqual(4);
      if (batches.length > 0) order.push(...giveBack(order.length));
      else loop.flush();
    }
    expect(order).toEqual(numbers(1, 30));
    expect(input.heldBack).toEqual(['pause', 'resume']);
    expect(main.every(({ type }) => type === 'status')).toBe(true);
  });

  it('source loop - the main thread hears at once that reading has begun', async () => {
    const { loop, main } = await startSource();
    expect(main).toEqual([]);
    loop.begun();
    expect(main).toMatchObject([{ type: 'status', status: { mode: 'jetstream', consuming: true } }]);
  });

  it('source loop - plain NATS that outruns the writer is shed in its order, and the writer hears the counts once', async () => {
    const kinds = [LEFT, JOINED, COMPLETED, INVOICE, RECEIVED, HEARTBEAT, OTHER];
    // Each message in the backlog costs 65 bytes; five fit.
    const { bring, bringMany, said, pass, loop, main } = await startSource('core', {
      backlogBytesMax: 5 * 65,
    });
    // Four batches with the writer, and one being filled.
    bringMany(20);
    const heard = () => said.flatMap((message) => (message.type === 'shed' ? [message.counts] : []));
    for (const kind of kinds) bring(kind);
    pass(REPORT_INTERVAL_MS);
    expect(heard()).toEqual([[0, 0, 0, 1, 0, 0, 1]]);
    for (const kind of [LEFT, LEFT, LEFT, JOINED, JOINED]) bring(kind);
    pass(5 * REPORT_INTERVAL_MS);
    // What is left are joins and leaves: with one too many the oldest join goes.
    expect(heard().slice(1)).toEqual([[1, 1, 1, 0, 2, 0, 0]]);
    loop.lost();
    expect(heard()).toHaveLength(2);
    bring(HEARTBEAT);
    // A loss of the connection is reported at once, and with it what was shed.
    loop.lost();
    expect(heard()[2]).toEqual([0, 0, 0, 1, 0, 0, 0]);
    expect(main.at(-1)).toMatchObject({ type: 'status', status: { backlogBytes: 5 * 65 + 4 } });
  });

  it('source loop - the writer is told the clock behind the messages that wait, also if they are empty', async () => {
    const { loop, said, bring, pass, input } = await startSource();
    const types = () => said.splice(0).map(({ type }) => type);
    loop.heard();
    pass(50);
    loop.heard();
    expect(said.splice(0)).toEqual([
      { type: 'clock', observedMs: 1000 },
      { type: 'clock', observedMs: 1050 },
    ]);
    bring(OTHER, '');
    loop.heard();
    expect(types()).toEqual([]);
    pass(HANDOVER.idleTimeMs);
    loop.heard();
    expect(types()).toEqual(['batch', 'clock']);
    // While the stream is held back the answers of the broker prove nothing.
    input.isReading = false;
    pass(5000);
    loop.heard();
    input.isReading = true;
    loop.heard();
    pass(2 * OBSERVED_STEP_MAX_MS);
    loop.heard();
    expect(said).toEqual([
      { type: 'clock', observedMs: 1150 },
      { type: 'clock', observedMs: 1150 + OBSERVED_STEP_MAX_MS },
    ]);
  });

  it('source loop - answers of the writer reach who asked, in order, and main hears at once that it has caught up', async () => {
    const { asked, answer, said, main, input, loop, bring, giveBack } = await startSource();
    const heard: unknown[] = [];
    asked().lastKnown(STREAM, (seq) => heard.push(['known', seq]));
    asked().attach(STREAM, null, (seq) => heard.push(['attached', seq]));
    answer({ type: 'position', seq: null });
    answer({ type: 'position', seq: 4 });
    expect(said.splice(0).map(({ type }) => type)).toEqual(['lastKnown', 'attach']);
    expect(heard).toEqual([
      ['known', null],
      ['attached', 4],
    ]);
    input.catchUp.begin(1, 2, NOW_MS);
    loop.report();
    main.length = 0;
    for (const seq of [1, 2]) {
      bring(JOINED);
      loop.resting();
      giveBack(seq);
    }
    expect([input.catchUp.committedSeq, main]).toMatchObject([2, [{ status: { catchingUp: false } }]]);
  });

  it('source loop - a message goes with the index of its subject, and of one that is too large a byte too many', async () => {
    const { input, loop, bring, batches } = await startSource();
    bring(LEFT);
    bring('ingest.nodes.left');
    input.reading.isMapped = true;
    bring('ingest.nodes.left', 'x'.repeat(MESSAGE_BYTES_MAX + 3));
    loop.resting();
    const messages: unknown[] = [];
    for (const batch of batches)
      readBatch(batch, ({ subject, payload, seq }) => messages.push([subject, payload.length, seq]));
    expect(messages).toEqual([
      [5, 1, 1],
      [6, 1, 2],
      [5, MESSAGE_BYTES_MAX + 1, 3],
    ]);
  });

  it('source loop - what was read of a stream and not handed over is forgotten when reading begins anew', async () => {
    const { loop, bringMany, batches, pass } = await startSource();
    bringMany(6);
    loop.restart();
    pass(REPORT_INTERVAL_MS);
    expect([counts(batches), loop.isEmpty]).toEqual([[4], false]);
  });

  it.each([
    ['idle', 'jetstream', 0, 10, 0, 0],
    ['with a stream behind the writer', 'jetstream', 30, 10, 16, 50],
    ['with plain NATS behind the writer', 'core', 30, 10, 30, 100],
    ['with a writer that gives nothing back', 'jetstream', 30, Infinity, 0, STOP_HANDOVER_MS],
    ['with plain NATS and a writer that gives nothing back', 'core', 30, Infinity, 0, STOP_HANDOVER_MS],
  ] as const)(
    'source loop - a stop reads no more, hands over what is nowhere else, and ends within its time: %s',
    async (_state, mode, messages, everyMs, taken, longestMs) => {
      const set = await startSource(mode);
      set.bringMany(messages);
      const tookMs = await set.stop(everyMs);
      expect(tookMs).toBeLessThanOrEqual(longestMs + 10);
      expect(set.taken).toEqual(numbers(1, taken));
      expect([set.input.heldBack.includes('stop'), set.port.isClosed]).toEqual([true, true]);
      expect(set.main.at(-1)?.type).toBe('status');
      const before = [set.said.length, set.main.length];
      set.pass(3_600_000);
      expect([set.said.length, set.main.length]).toEqual(before);
    },
  );
});
