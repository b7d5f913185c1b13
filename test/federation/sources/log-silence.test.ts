import { expect, it } from 'vitest';
import { LogSilence } from '../../../src/federation/sources/log-silence.ts';

it('log silence - it is due after its time, then after twice as long, and ends with a round that is new', () => {
  const silence = new LogSilence(3_000);
  silence.attached(10, 1);
  expect(silence.read(11, 1_000)).toBe(true);
  expect([silence.due(3_999), silence.due(4_000)]).toEqual([null, 3_000]);
  silence.attached(11, 4_000);
  // What is read again is nothing new.
  expect(silence.read(11, 4_100)).toBe(false);
  expect([silence.due(9_999), silence.due(10_000)]).toEqual([null, 9_000]);
  silence.attached(11, 10_000);
  expect(silence.read(12, 11_000)).toBe(true);
  expect([silence.due(13_999), silence.due(14_000)]).toEqual([null, 3_000]);
});

it('log silence - it is due at least every 30 s', () => {
  const silence = new LogSilence(3_000);
  silence.attached(0, 1);
  let atMs = 1;
  for (let times = 0; times < 8; times++) {
    const dueMs = [3, 6, 12, 24, 30, 30, 30, 30][times] ?? 0;
    atMs += dueMs * 1_000;
    expect(silence.due(atMs - 1)).toBeNull();
    expect(silence.due(atMs)).toBe(atMs - 1);
  }
});

it('log silence - the sequences of a log that went back are new', () => {
  const silence = new LogSilence(3_000);
  silence.attached(0, 1);
  silence.read(100, 2);
  silence.attached(5, 3);
  expect([silence.read(5, 4), silence.read(6, 4)]).toEqual([false, true]);
});
