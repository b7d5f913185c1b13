import { describe, expect, it } from 'vitest';
import { Salt } from '../../../src/agent/sinks/salt.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];

describe('salt', () => {
  it.each<
    [
      string,
      string | null,
      string | null,
      readonly (readonly [string, string])[],
      string | null,
      string | null,
    ]
  >([
    ['nothing is known', null, null, [], null, null],
    ['one is kept', null, A, [], A, 'kept'],
    ['the setting comes first', A, B, [], A, 'setting'],
    ['the first reply', null, null, [[A, 'first']], A, 'join'],
    ['a reply as kept', null, A, [[A, 'known']], A, 'join'],
    ['a reply that differs from the kept one', null, A, [[B, 'changed']], B, 'join'],
    [
      'a reply that changes',
      null,
      null,
      [
        [A, 'first'],
        [B, 'changed'],
        [B, 'known'],
        [C, 'changed'],
      ],
      C,
      'join',
    ],
    [
      'replies beside a setting',
      A,
      null,
      [
        [A, 'known'],
        [B, 'not_the_setting'],
      ],
      A,
      'setting',
    ],
  ])('salt - %s', (_what, setting, kept, told, value, from) => {
    const salt = new Salt(setting, kept);
    for (const [said, news] of told) expect(salt.told(said)).toBe(news);
    expect([salt.value, salt.from]).toEqual([value, from]);
  });
});
