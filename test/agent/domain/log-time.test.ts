import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeZone, LogTime, type LogTimeFields } from '../../../src/agent/domain/log-time.ts';

function read(timeZone: string, text: string): string | null {
  const [year, month, day, hour, minute, second] = text.split(/[- :]/).map(Number);
  const atMs = new LogTime(timeZone).msOf({
    year: year ?? 0,
    month: month ?? 0,
    day: day ?? 0,
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: second ?? 0,
  });
  return atMs === null ? null : new Date(atMs).toISOString();
}

describe('log time', () => {
  it.each([
    ['UTC', '2025-11-24 13:55:34', '2025-11-24T13:55:34.000Z'],
    ['Europe/Vienna', '2025-11-24 13:55:34', '2025-11-24T12:55:34.000Z'],
    ['Europe/Vienna', '2025-07-24 13:55:34', '2025-07-24T11:55:34.000Z'],
    ['America/New_York', '2025-12-31 23:30:00', '2026-01-01T04:30:00.000Z'],
    ['Asia/Kathmandu', '2025-11-24 05:45:00', '2025-11-24T00:00:00.000Z'],
    // Set forward: 02:00 to 02:59 do not exist.
    ['Europe/Vienna', '2025-03-30 01:59:59', '2025-03-30T00:59:59.000Z'],
    ['Europe/Vienna', '2025-03-30 02:30:00', '2025-03-30T01:30:00.000Z'],
    ['Europe/Vienna', '2025-03-30 03:00:00', '2025-03-30T01:00:00.000Z'],
    // Set back: 02:00 to 02:59 exist twice.
    ['Europe/Vienna', '2025-10-26 01:59:59', '2025-10-25T23:59:59.000Z'],
    ['Europe/Vienna', '2025-10-26 02:30:00', '2025-10-26T00:30:00.000Z'],
    ['Europe/Vienna', '2025-10-26 03:00:00', '2025-10-26T02:00:00.000Z'],
    ['America/New_York', '2025-03-09 02:30:00', '2025-03-09T07:30:00.000Z'],
    ['America/New_York', '2025-11-02 01:30:00', '2025-11-02T05:30:00.000Z'],
    // Set forward and back by half an hour.
    ['Australia/Lord_Howe', '2025-10-05 02:15:00', '2025-10-04T15:45:00.000Z'],
    ['Australia/Lord_Howe', '2025-10-05 02:30:00', '2025-10-04T15:30:00.000Z'],
    ['Australia/Lord_Howe', '2025-04-06 01:45:00', '2025-04-05T14:45:00.000Z'],
    ['Australia/Lord_Howe', '2025-04-06 02:00:00', '2025-04-05T15:30:00.000Z'],
    ['UTC', '2024-02-29 00:00:00', '2024-02-29T00:00:00.000Z'],
    ['UTC', '2016-12-31 23:59:60', '2017-01-01T00:00:00.000Z'],
  ])('log time - in %s %s is %s', (zone, text, expected) => {
    expect(read(zone, text)).toBe(expected);
  });

  it.each(['2025-02-29 00:00:00', '2025-13-01 00:00:00', '2025-00-01 00:00:00', '2025-04-31 10:00:00'])(
    'log time - there is no day %s',
    (text) => {
      expect(read('Europe/Vienna', text)).toBeNull();
    },
  );

  it.each(['2025-01-01 24:00:00', '2025-01-01 10:60:00', '2025-01-01 10:00:61'])(
    'log time - there is no time %s',
    (text) => {
      expect(read('UTC', text)).toBeNull();
    },
  );

  it('log time - knows IANA zones and UTC', () => {
    expect(['UTC', 'Europe/Vienna', 'America/Argentina/Ushuaia'].filter(isTimeZone)).toHaveLength(3);
    expect(['', 'Vienna', 'Europe/Nowhere', '../etc/passwd'].filter(isTimeZone)).toEqual([]);
  });

  it('log time - one reader for many times gives what a new one gives', () => {
    const zones = fc.constantFrom(
      'UTC',
      'Europe/Vienna',
      'America/St_Johns',
      'Pacific/Chatham',
      'Africa/Casablanca',
    );
    const time = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2037, 0) });
    fc.assert(
      fc.property(zones, fc.array(time, { minLength: 1, maxLength: 20 }), (zone, times) => {
        const shared = new LogTime(zone);
        for (const atMs of times) {
          const fields = fieldsOf(new Date(atMs));
          expect(shared.msOf(fields)).toBe(new LogTime(zone).msOf(fields));
        }
      }),
    );
  });
});

function fieldsOf(date: Date): LogTimeFields {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}
