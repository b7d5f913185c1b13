// docs/limits.md has every constant that bounds a number or a size, with its value and its file, and no other.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('limits - the page lists every bound of the source with its value and its file', () => {
  const bounds = globSync('src/**/*.ts', { cwd: ROOT, exclude: ['src/*/simulator/**'] }).flatMap((file) =>
    Array.from(
      readFileSync(`${ROOT}${file}`, 'utf8').matchAll(
        /^(?:export )?const ([A-Z0-9_]+_MAX)(?:: [^=]+)? = ([^;]+);/gm,
      ),
      ([, name, value]) => `${name} = ${value} in ${file}`,
    ),
  );
  const rows = readFileSync(`${ROOT}docs/limits.md`, 'utf8').matchAll(
    /^\| `(\w+)` \| `(.+?)` \| `(.+?)` \| \S/gm,
  );
  const listed = Array.from(rows, ([, name, value, file]) => `${name} = ${value} in ${file}`);
  expect(listed.toSorted()).toEqual(bounds.toSorted());
});
