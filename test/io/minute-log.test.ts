import { describe, expect, it } from 'vitest';
import type { LogFields } from '../../src/io/log.ts';
import { LOG_CAUSES_MAX, MinuteLog } from '../../src/io/minute-log.ts';

function setUp() {
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const say = (event: string, fields?: LogFields) => lines.push([event, fields]);
  const clock = { ms: 5_000, monotonicMs: () => clock.ms };
  const log = new MinuteLog({ debug: say, info: say, warn: say, error: say }, clock);
  return { lines, clock, log };
}

describe('minute log', () => {
  it('minute log - of each cause one line a minute; the next one says how many were left out', () => {
    const { lines, clock, log } = setUp();
    for (let each = 0; each < 1_000; each++) log.say('warn', 'a', 'a happened', { reason: each });
    log.say('info', 'b', 'b happened');
    clock.ms += 59_999;
    log.say('warn', 'a', 'a happened');
    clock.ms += 1;
    log.say('warn', 'a', 'a happened', { reason: 'x' });
    log.say('info', 'b', 'b happened');
    expect(lines).toEqual([
      ['a happened', { reason: 0 }],
      ['b happened', {}],
      ['a happened', { reason: 'x', leftOut: 1_000 }],
      ['b happened', {}],
    ]);
  });

  it('minute log - causes beyond the bound share one line', () => {
    const { lines, log } = setUp();
    for (let each = 0; each < LOG_CAUSES_MAX; each++) log.say('info', `cause ${each}`, 'said');
    expect(lines).toHaveLength(LOG_CAUSES_MAX);
    for (let each = 0; each < 10; each++) log.say('info', `further ${each}`, 'said');
    expect(lines).toHaveLength(LOG_CAUSES_MAX + 1);
  });
});
