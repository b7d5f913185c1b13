// The built entry under an older Node. The test fetches no older Node; it tries those that the machine has.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SETTINGS = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));
const SENTENCE = /^Node 24 or newer is needed, and \S+ is Node [\d.]+: .+\. \[node_too_old\]\n$/;

function majorOf(node: string): number {
  try {
    return Number(
      /^v(\d+)\./.exec(execFileSync(node, ['--version'], { encoding: 'utf8', stdio: 'pipe' }))?.[1],
    );
  } catch {
    return Number.NaN;
  }
}

const paths = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
const OLDER = [...new Set(paths)].map((folder) => join(folder, 'node')).find((node) => majorOf(node) < 24);

/** The entry as `npm run build` writes it, alone: it must refuse before it imports anything. */
function builtEntry(change: (text: string) => string = (text) => text): string {
  const folder = mkdtempSync(join(tmpdir(), 'old-node-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = ts.getParsedCommandLineOfConfigFile(
    SETTINGS,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  );
  const { outputText } = ts.transpileModule(readFileSync(MAIN, 'utf8'), {
    compilerOptions: { ...config?.options, module: ts.ModuleKind.ESNext },
    fileName: MAIN,
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'main.js'), change(outputText));
  return join(folder, 'main.js');
}

function start(node: string, entry: string) {
  const { status, stdout, stderr } = spawnSync(node, [entry, 'status'], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const REFUSED = { status: 1, stdout: '', stderr: expect.stringMatching(SENTENCE) as unknown };

describe('old Node', () => {
  it.runIf(OLDER !== undefined)('old Node - an older Node of this machine is refused in one sentence', () => {
    expect(start(OLDER ?? '', builtEntry())).toEqual(REFUSED);
  });

  it('old Node - the refusal comes before anything is imported, and uses only old syntax', () => {
    const entry = builtEntry((text) => text.replace('>= NODE_MAJOR_MIN', '>= 999'));
    expect(start(process.execPath, entry)).toEqual(REFUSED);
    const text = readFileSync(entry, 'utf8');
    const old = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020 },
    });
    const bare = (code: string) => code.replaceAll(/\/\/.*|\s/g, '');
    expect(bare(old.outputText)).toBe(bare(text));
  });
});
