import { describe, expect, it } from 'vitest';
import { WriterHealth } from '../../src/store/writer-health.ts';
import { CodedError } from '../../src/lib/errors.ts';
import type { Room } from '../../src/store/free-space.ts';

const PATH = '/data/aggregator.db';
const coded = (code: string) => Object.assign(new Error('refused'), { code });
const FULL = coded('SQLITE_FULL');
const BUSY = coded('SQLITE_BUSY');
const DAMAGED = coded('SQLITE_CORRUPT');
const VALUE = coded('SQLITE_CONSTRAINT_CHECK');
const REPLACED = new CodedError('database_replaced', 'another file');

/** The health of a writer whose disk and checks the test controls, and what it reported. */
function setUp() {
  let room: Room = { freeBytes: 50, sizeBytes: 100 };
  let look = (): void => undefined;
  const log: string[] = [];
  const told: string[] = [];
  const health = new WriterHealth(PATH, {
    files: {
      check() {
        if (told.includes('gone')) throw new Error('gone');
      },
      suspect: () => void told.push('suspect'),
    },
    disk: { room: () => room, sizeBytes: () => 7 },
    timers: {
      after: () => ({ cancel: () => undefined }),
      every(_intervalMs, run) {
        look = run;
        return { cancel: () => void told.push('cancelled') };
      },
    },
    words: { item: 'message', pause: 'taking no more messages' },
    log: (level, sentence) => void log.push(`${level} ${sentence}`),
    fatal: ({ code }) => void told.push(`fatal ${code}`),
    roomChanged: () => void told.push('room'),
  });
  const setFree = (freeBytes: number) => {
    room = { freeBytes, sizeBytes: 100 };
    look();
  };
  return { health, log, told, setFree };
}

describe('writer health', () => {
  it('writer health - a refusal is logged once, again with another cause, and once when it ends', () => {
    const { health, log } = setUp();
    for (const error of [FULL, FULL, BUSY, BUSY]) health.failed(error, false);
    expect(log).toHaveLength(2);
    expect(log[0]).toMatch(/^error .*SQLITE_FULL.*the disk is full.*trying again until it works$/);
    expect(health.isRefused).toBe(true);
    expect(health.status().databaseProblem).toMatch(/locked/);
    health.recovered();
    expect(log.at(-1)).toBe('info commits work again');
    expect([health.isRefused, health.status().databaseProblem]).toEqual([false, null]);
  });

  it('writer health - an error caused by a message is not a refusal, and a message that cannot be set aside is reported too', () => {
    const { health, log } = setUp();
    health.failed(VALUE, false);
    health.failed(VALUE, true);
    health.failed(VALUE, true);
    expect(health.isRefused).toBe(false);
    expect(log.map((line) => /looking for the message|not be set aside/.exec(line)?.[0])).toEqual([
      'looking for the message',
      'not be set aside',
    ]);
    health.recovered();
    expect(log).toHaveLength(2);
  });

  it('writer health - a database that can never be written is fatal, reported once, and not logged here', () => {
    const { health, log, told } = setUp();
    health.failed(REPLACED, false);
    health.failed(REPLACED, false);
    expect([health.isFatal, told, log]).toEqual([true, ['fatal database_replaced'], []]);
  });

  it('writer health - damaged files are suspected and reported as not whole, and so are files replaced since the open', () => {
    const { health, told } = setUp();
    expect(health.areFilesWhole()).toBe(true);
    health.failed(DAMAGED, false);
    expect([told, health.areFilesWhole()]).toEqual([['suspect'], false]);
    health.recovered();
    told.push('gone');
    expect(health.areFilesWhole()).toBe(false);
  });

  it('writer health - low disk space holds messages back until there is enough, and any other problem is reported first', async () => {
    const { health, log, told, setFree } = setUp();
    await health.start();
    const lows: boolean[] = [];
    for (const freeBytes of [6, 4, 5, 6]) {
      setFree(freeBytes);
      lows.push(health.isSpaceLow);
    }
    expect(lows).toEqual([false, true, true, false]);
    expect(told).toEqual(['room', 'room']);
    expect(log.map((line) => line.slice(0, 10))).toEqual(['error the ', 'info there']);
    setFree(4);
    expect(health.status()).toMatchObject({
      databaseSizeBytes: 7,
      diskFreeBytes: 4,
      diskSizeBytes: 100,
    });
    expect(health.status().databaseProblem).toMatch(/below 5 %/);
    health.failed(FULL, false);
    expect(health.status().databaseProblem).toMatch(/SQLITE_FULL/);
    await health.stop();
    expect(told.at(-1)).toBe('cancelled');
  });
});
