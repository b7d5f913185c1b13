import { describe, expect, it } from 'vitest';
import { FreeSpace, type Room, roomBeside } from '../../src/store/free-space.ts';

const OPTIONS = { lowShare: 0.05, enoughShare: 0.06 };

describe('free space', () => {
  it('free space - space is low below one share, and enough again only above a larger share', () => {
    let freeBytes = 0;
    const space = new FreeSpace(OPTIONS, () => ({ freeBytes, sizeBytes: 1000 }));
    const seen = [100, 50, 49, 55, 59, 60, 55, 50, 49].map((bytes) => {
      freeBytes = bytes;
      return { changed: space.check(), isLow: space.isLow };
    });
    expect(seen.map(({ isLow }) => isLow)).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
    expect(seen.map(({ changed }) => changed)).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(space.explain('/data/a.db')).toBe(
      'the file system of /data/a.db has 4.9 % free (0 MB), below 5 %: make room on /data; reading goes on at 6 %',
    );
  });

  it('free space - a file system that reports no free space holds no message back', () => {
    const answers: (Room | Error)[] = [new Error('ENOENT'), { freeBytes: 0, sizeBytes: 0 }];
    const space = new FreeSpace(OPTIONS, () => {
      const answer = answers.shift();
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no more');
      return answer;
    });
    for (let look = 0; look < 2; look++) {
      expect(space.check()).toBe(false);
      expect(space.isLow).toBe(false);
    }
  });

  it('free space - the number is that of the file system of the folder', () => {
    const { freeBytes, sizeBytes } = roomBeside('/tmp/a.db');
    expect(freeBytes).toBeGreaterThan(0);
    expect(sizeBytes).toBeGreaterThan(freeBytes);
  });
});
