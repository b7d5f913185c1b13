// Properties of every source file that a reader may rely on; a test checks them because no linter does.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FUNCTION_LINES_MAX = 70;

const sources = globSync('src/**/*.{ts,js}', { cwd: ROOT }).map((file) => {
  const text = readFileSync(`${ROOT}${file}`, 'utf8');
  return { file, text, tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) };
});

it(`tidy - no function has more than ${FUNCTION_LINES_MAX} lines`, () => {
  const long: string[] = [];
  for (const { file, tree } of sources) {
    const line = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
        const lines = line(node.end) - line(node.getStart()) + 1;
        if (lines > FUNCTION_LINES_MAX) long.push(`${file}:${line(node.getStart())} has ${lines}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  expect(long).toEqual([]);
});

it('tidy - every file opens with a comment that says what it is', () => {
  const silent = sources.filter(
    ({ file, text }) => !/^(#!.*\n)?\/\/ \S/.test(text) && !file.endsWith('.d.ts'),
  );
  expect(silent.map(({ file }) => file)).toEqual([]);
});
