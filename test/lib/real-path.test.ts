import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ownPath, realPath } from '../../src/lib/real-path.ts';

function setUp() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'real-path-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'real/deep'), { recursive: true });
  writeFileSync(join(folder, 'real/a.db'), '');
  symlinkSync('real', join(folder, 'link'));
  symlinkSync(join(folder, 'real/deep'), join(folder, 'deep'));
  symlinkSync('../real/a.db', join(folder, 'real/b.db'));
  symlinkSync('b.db', join(folder, 'real/c.db'));
  symlinkSync('nowhere/new.db', join(folder, 'dangling.db'));
  symlinkSync('round', join(folder, 'round'));
  return folder;
}

describe('real path', () => {
  it.each([
    ['real/a.db', 'real/a.db'],
    ['./real//a.db', 'real/a.db'],
    ['real/deep/../a.db', 'real/a.db'],
    ['real/deep/../../real/a.db', 'real/a.db'],
    ['link/a.db', 'real/a.db'],
    ['link/', 'real'],
    ['real/b.db', 'real/a.db'],
    ['link/c.db', 'real/a.db'],
    // `..` leads above the target of the link, as in the kernel, and not above the link.
    ['deep/../a.db', 'real/a.db'],
    ['dangling.db', 'nowhere/new.db'],
    ['link/not/yet/a.db', 'real/not/yet/a.db'],
    ['not/../yet.db', 'yet.db'],
    ['real/a.db/below', 'real/a.db/below'],
    ['round/a.db', 'round/a.db'],
  ])('real path - %s leads to %s', (written, expected) => {
    const folder = setUp();
    expect(realPath(`${folder}/${written}`)).toBe(`${folder}/${expected}`);
    expect(realPath(`${relative(process.cwd(), folder)}/${written}`)).toBe(`${folder}/${expected}`);
  });

  it('real path - a path without links and .. stays as written', () => {
    const folder = setUp();
    const written = join(relative(process.cwd(), folder), 'real/a.db');
    expect(ownPath(`${folder}/real/a.db`)).toBe(`${folder}/real/a.db`);
    expect(ownPath(`${folder}/link/a.db`)).toBe(`${folder}/real/a.db`);
    expect(ownPath(`${folder}/deep/../a.db`)).toBe(`${folder}/real/a.db`);
    expect(ownPath('data/aggregator.db')).toBe('data/aggregator.db');
    // The way out of the working folder is `..`.
    expect(ownPath(written)).toBe(`${folder}/real/a.db`);
  });
});
