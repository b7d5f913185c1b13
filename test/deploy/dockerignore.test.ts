// The build of the image gets every file that the Dockerfile copies, and no other: .dockerignore names them.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const read = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8').split('\n');

it('image - what the Dockerfile copies is what .dockerignore lets through', () => {
  const copied = read('Dockerfile')
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
  const admitted = read('.dockerignore').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  expect(admitted.toSorted()).toEqual([...new Set(copied)].toSorted());
});
