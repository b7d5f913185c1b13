// Every export has a doc comment: a reader learns its meaning, units and errors without reading its body.

import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Names of the exports in a source text that have no doc comment, or an empty one. */
function undocumented(path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return source.statements.filter((each) => isExported(each) && !isDocumented(each)).map(nameOf);
}

function isExported(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isDocumented(statement: ts.Statement): boolean {
  return ts
    .getJSDocCommentsAndTags(statement)
    .some((doc) => (ts.getTextOfJSDocComment(doc.comment) ?? '') !== '');
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ');
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return (isNamed ? statement.name?.text : undefined) ?? 'default';
}

describe('doc comments', () => {
  it('every export of the program has a doc comment', () => {
    const files = globSync('src/**/*.ts', { cwd: ROOT });
    expect(files.length).toBeGreaterThan(100);
    const missing = files.flatMap((file) =>
      undocumented(file, readFileSync(ROOT + file, 'utf8')).map((name) => `${file}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it.each([
    ['export const A_MAX = 1;', ['A_MAX']],
    ['// A line comment.\nexport function one() {}', ['one']],
    ['/** */\nexport class Two {}', ['Two']],
    ['/** A comment of the file. */\n\nimport "x";\nexport interface Three {}', ['Three']],
    ['export type Four = 4;', ['Four']],
    ['export default 5;', ['default']],
    ['/** The first. */\nexport const A = 1;\nexport const B = 2;', ['B']],
    ['const inner = 1;\n/** Why it is there. */\nexport const OUTER = inner;', []],
  ])('the check finds an export without one in %j', (text, names) => {
    expect(undocumented('text.ts', text)).toEqual(names);
  });
});
