import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BatchMessage } from '../../../src/federation/sources/batch.ts';
import { MessageQueue } from '../../../src/federation/sources/message-queue.ts';

function message(number: number, length: number): BatchMessage {
  const credential = number % 3 === 0 ? `signed-${number}`.padEnd(60, '=') : null;
  const payload = Buffer.alloc(length, number % 251);
  return { subject: number % 7, payload, atMs: number, seq: null, observedMs: number * 2, credential };
}

/** Takes the first message, which must be this one. */
function expectHead(queue: MessageQueue, expected: BatchMessage | undefined): void {
  const head = queue.peek();
  if (head === null || expected === undefined) throw new Error('one of the two is empty');
  const { payload, ...rest } = head;
  const { payload: expectedPayload, ...expectedRest } = expected;
  expect(Buffer.compare(payload, expectedPayload)).toBe(0);
  expect(rest).toMatchObject(expectedRest);
  queue.shift();
}

/** Resident memory of this process, in bytes. */
function residentBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;
}

describe('message queue', () => {
  it('message queue - a message comes out complete, with its signature, from blocks that two queues share', () => {
    const spares: ConstructorParameters<typeof MessageQueue>[0] = [];
    const queues = [new MessageQueue(spares), new MessageQueue(spares)];
    const waiting: BatchMessage[][] = [[], []];
    let number = 0;
    for (let round = 0; round < 4000; round++) {
      const which = (round * 7) % 11 < 6 ? 0 : 1;
      const [queue, expected] = [queues[which], waiting[which]];
      if (queue === undefined || expected === undefined) throw new Error('two of each');
      if ((round >> 9) % 2 === 0 || expected.length === 0) {
        for (let more = 0; more < 5; more++) {
          const next = message(number, (number * 131) % 16_386);
          number++;
          queue.push(next);
          expected.push(next);
        }
      } else {
        expectHead(queue, expected.shift());
      }
    }
    queues.forEach((queue, which) => {
      for (const expected of waiting[which] ?? []) expectHead(queue, expected);
      expect(queue.peek()).toBeNull();
    });
  });

  it('message queue - reading a message frees its memory at once', () => {
    const queue = new MessageQueue([]);
    const before = residentBytes();
    for (let number = 0; number < 25_000; number++) queue.push(message(number, 8000));
    const full = residentBytes();
    expect(full - before).toBeGreaterThan(150_000_000);
    for (let number = 0; number < 25_000; number++) queue.shift();
    expect(queue.peek()).toBeNull();
    // 16 blocks of 256 KiB are kept, beside memory that the garbage collector has not freed yet.
    expect(full - residentBytes()).toBeGreaterThan(120_000_000);
  });
});
