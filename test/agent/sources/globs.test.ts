// Which paths a glob finds, in a real folder.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expandGlob, GLOB_MATCHES_MAX } from '../../../src/agent/sources/globs.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'globs-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

function make(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
}

async function found(glob: string): Promise<readonly string[]> {
  const { paths } = await expandGlob(join(folder, glob));
  return paths.map((path) => relative(folder, path));
}

describe('globs', () => {
  it.each<[string, readonly string[]]>([
    ['*-eventDB.json', ['a-eventDB.json', 'b-eventDB.json']],
    ['?-eventDB.json', ['a-eventDB.json', 'b-eventDB.json']],
    ['a-eventDB.json', ['a-eventDB.json']],
    ['none.json', []],
    ['none/*.json', []],
    ['a-eventDB.json/*', []],
    ['@truebit/node-*/debug', ['@truebit/node-0x1/debug', '@truebit/node-0x2/debug']],
    ['@truebit/node-*/debug/*.log', ['@truebit/node-0x1/debug/one.log', '@truebit/node-0x2/debug/(two).log']],
    ['*/*/*/one.*', ['@truebit/node-0x1/debug/one.log', '@truebit/node-0x1/debug/one.log.1']],
    ['@truebit/node-0x2/debug/(*).log', ['@truebit/node-0x2/debug/(two).log']],
    ['@truebit/node-0x1/debug/one+log', []],
    ['*/***/.*', ['@truebit/node-0x1/.hidden.log']],
  ])('globs - %j finds %j', async (glob, paths) => {
    make('a-eventDB.json', 'b-eventDB.json', '.c-eventDB.json', 'eventDB.json');
    make(
      '@truebit/node-0x1/debug/one.log',
      '@truebit/node-0x1/debug/one.log.1',
      '@truebit/node-0x2/debug/(two).log',
    );
    make('@truebit/node-0x1/.hidden.log');
    expect(await found(glob)).toEqual(paths);
  });

  it('globs - at most the limit is found, and said to be cut', async () => {
    for (let index = 0; index < GLOB_MATCHES_MAX; index += 1)
      writeFileSync(join(folder, `${index}.json`), '');
    const whole = await expandGlob(join(folder, '*'));
    expect(whole).toMatchObject({ isCut: false, isDenied: false });
    expect(whole.paths).toHaveLength(GLOB_MATCHES_MAX);
    writeFileSync(join(folder, 'more.json'), '');
    const cut = await expandGlob(join(folder, '*'));
    expect(cut.isCut).toBe(true);
    expect(cut.paths).toHaveLength(GLOB_MATCHES_MAX);
  });

  it('globs - a folder that loops is denied, one that is missing is not', async () => {
    const { symlinkSync } = await import('node:fs');
    symlinkSync('loop', join(folder, 'loop'));
    expect(await expandGlob(join(folder, 'loop', '*'))).toEqual({ paths: [], isCut: false, isDenied: true });
    expect(await expandGlob(join(folder, 'none', '*'))).toEqual({ paths: [], isCut: false, isDenied: false });
  });

  it('globs - a relative glob begins at the working folder, and an empty one finds nothing', async () => {
    expect((await expandGlob('packag?.json')).paths).toEqual(['package.json']);
    expect((await expandGlob('./packag?.json')).paths).toEqual(['package.json']);
    expect((await expandGlob('')).paths).toEqual([]);
  });
});
