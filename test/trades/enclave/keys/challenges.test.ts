// Challenges: good once, for five minutes, in one process.

import { describe, expect, it } from 'vitest';
import { CHALLENGE_LIFETIME_MS, Challenges } from '../../../../src/trades/enclave/keys/challenges.ts';
import { ManualTime } from '../../../support/manual-time.ts';

const settled = async () => {};

describe('challenges', () => {
  it('challenges - each is spent once, and only by the process that issued it', () => {
    const time = new ManualTime();
    const [one, other] = [new Challenges(time), new Challenges(time)];
    const { text, expiresAtMs } = one.issue();
    expect(text).toMatch(/^[A-Za-z0-9_-]{51}$/);
    expect(expiresAtMs).toBe(time.nowMs() + CHALLENGE_LIFETIME_MS);
    expect(other.spend(text)).toBe(false);
    expect([one.spend(text), one.spend(text)]).toEqual([true, false]);
    expect(one.issue().text).not.toBe(text);
  });

  it('challenges - is good to the last moment of five minutes and not after', async () => {
    const time = new ManualTime();
    const challenges = new Challenges(time);
    const [early, late] = [challenges.issue().text, challenges.issue().text];
    await time.advance(CHALLENGE_LIFETIME_MS - 1, settled);
    expect(challenges.spend(early)).toBe(true);
    await time.advance(1, settled);
    expect(challenges.spend(late)).toBe(false);
    expect(challenges.spend(early)).toBe(false);
  });

  it('challenges - no other spelling of one is another one', () => {
    const challenges = new Challenges(new ManualTime());
    const { text } = challenges.issue();
    expect(challenges.spend(text)).toBe(true);
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const letter of last) expect(challenges.spend(text.slice(0, -1) + letter)).toBe(false);
    for (const each of [
      `${text}=`,
      ` ${text}`,
      `${text}\n`,
      '',
      'rubbish',
      text.toUpperCase(),
      text.slice(1),
    ])
      expect(challenges.spend(each)).toBe(false);
  });

  it('challenges - with too many spent ones none is spent, until the first have ended', async () => {
    const time = new ManualTime();
    const challenges = new Challenges(time, 2);
    const spend = () => challenges.spend(challenges.issue().text);
    expect([spend(), spend(), spend()]).toEqual([true, true, false]);
    expect([challenges.remembered, challenges.refused]).toEqual([2, 1]);
    await time.advance(CHALLENGE_LIFETIME_MS, settled);
    expect(spend()).toBe(true);
    expect(challenges.remembered).toBe(1);
  });

  it('challenges - unspent ones take no memory', () => {
    const challenges = new Challenges(new ManualTime());
    for (let count = 0; count < 1_000; count += 1) challenges.issue();
    expect(challenges.remembered).toBe(0);
  });
});
