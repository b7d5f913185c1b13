// A source loop whose input brings what a test gives it, and whose writer gives batches back when the test says so, on
// simulated time.

import { type Batch, readBatch } from '../../../src/federation/sources/batch.ts';
import { CATCHING_UP_AGE_MS, CatchUp } from '../../../src/federation/sources/catch-up.ts';
import { HANDOVER, type HandoverOptions } from '../../../src/federation/sources/handover.ts';
import { Stall, STALL_AFTER_MS } from '../../../src/federation/sources/stall.ts';
import type {
  IngestToSource,
  SourceToIngest,
  SourceToMain,
} from '../../../src/federation/threads/messages.ts';
import { type Input, REPORT_INTERVAL_MS, SourceLoop } from '../../../src/federation/threads/source-loop.ts';
import type { WriterPosition } from '../../../src/federation/threads/writer-position.ts';
import { SimulatedTime } from '../simulated-weeks/simulated-time.ts';
import { NOW_MS } from '../store/events.ts';

/** Reads what the test gives it; how far it has come is judged by the program's own catch-up.ts. */
class GivenInput implements Input {
  readonly catchUp: CatchUp;
  readonly reading = { isMapped: false, isMissing: false };
  readonly fault = null;
  readonly reason = null;
  readonly refusals = 0;
  readonly reconnects = 0;
  readonly isConnected = true;
  readonly isConsuming = true;
  readonly heldBack: string[] = [];
  isReading = true;

  constructor(catchUp: CatchUp) {
    this.catchUp = catchUp;
  }
  committed(seq: number): void {
    this.catchUp.committedSeq = seq;
  }
  pause(): void {
    this.heldBack.push('pause');
  }
  resume(): void {
    this.heldBack.push('resume');
  }
  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.heldBack.push('stop');
    return Promise.resolve();
  }
}

/** Starts a loop. */
export async function startSource(
  mode: 'jetstream' | 'core' = 'jetstream',
  handover: Partial<HandoverOptions> = {},
) {
  const time = new SimulatedTime(NOW_MS);
  const clock = {
    nowMs: () => time.nowMs,
    monotonicMs: () => time.nowMs - NOW_MS,
    sharedMs: () => time.nowMs,
  };
  const input = new GivenInput(new CatchUp(clock, new Stall(STALL_AFTER_MS), CATCHING_UP_AGE_MS));
  const batches: Batch[] = [];
  const said: SourceToIngest[] = [];
  const main: SourceToMain[] = [];
  let position: WriterPosition | null = null;
  let answer = (_message: IngestToSource): void => undefined;
  const port = { isClosed: false };
  const loop = new SourceLoop(
    {
      observedMs: 1000,
      // Small blocks of memory; times and the number of batches are the program's.
      handover: { ...HANDOVER, batchMessagesMax: 4, batchBytesMax: 20_000, ...handover },
      reportIntervalMs: REPORT_INTERVAL_MS,
    },
    {
      clock,
      timers: time,
      ingest: {
        postMessage(message) {
          if (message.type === 'batch') batches.push(message.batch);
          if (message.type !== 'reach') said.push(message);
        },
        on: (_event, listener) => (answer = listener),
        close: () => (port.isClosed = true),
      },
      createInput(asked) {
        position = asked;
        return input;
      },
      send: (message) => void main.push(message),
    },
  );
  input.catchUp.mode = mode;
  await loop.start();
  let seq = 0;
  const bring = (subject: string, payload: string | Uint8Array = 'x') => {
    seq++;
    loop.message({
      subject,
      payload: Buffer.from(payload),
      seq: mode === 'core' ? null : seq,
      atMs: NOW_MS + seq,
      heardMs: clock.monotonicMs(),
      credential: null,
    });
  };
  const bringMany = (count: number) => {
    for (let number = 0; number < count; number++) bring('truebit.heartbeat');
  };
  /** The writer gives back the oldest batch that it has; returns the message times of that batch, 1 for the first. */
  const giveBack = (upTo = 0): number[] => {
    const batch = batches.shift();
    if (batch === undefined) throw new Error('the writer has no batch');
    const times: number[] = [];
    readBatch(batch, ({ atMs }) => times.push(atMs - NOW_MS));
    answer({ type: 'returned', batch, seq: upTo });
    return times;
  };
  const pass = (ms: number) => time.runUntil(time.nowMs + ms);
  /** Stops, with the writer giving back a batch each `everyMs`; returns how long that took. */
  const stop = async (everyMs = Infinity): Promise<number> => {
    const startedMs = time.nowMs;
    const stopped = loop.stop();
    for (let ms = 1; !port.isClosed && ms <= 10_000; ms++) {
      // Everything that waits for no timer goes on.
      for (let turns = 0; turns < 5; turns++) await Promise.resolve();
      if (ms % everyMs === 0 && batches.length > 0) taken.push(...giveBack());
      if (!port.isClosed) pass(1);
    }
    await stopped;
    return time.nowMs - startedMs;
  };
  /** What the writer gave back while the loop stopped. */
  const taken: number[] = [];
  const asked = (): WriterPosition => {
    if (position === null) throw new Error('no position');
    return position;
  };
  return {
    input,
    loop,
    batches,
    said,
    main,
    port,
    taken,
    bring,
    bringMany,
    giveBack,
    pass,
    stop,
    asked,
    answer: (message: IngestToSource) => answer(message),
  };
}
