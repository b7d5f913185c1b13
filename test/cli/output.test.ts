// A command whose output cannot be written: one sentence or a silent end, never a stack trace, and never half the
// output.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMPILED_CODE } from '../support/compiled-code.ts';
import { MAIN } from '../support/program.ts';

const OUTPUT = fileURLToPath(new URL('../../src/cli/output.ts', import.meta.url));

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'output-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs `aggregator ARGS` in a shell with its output redirected; the exit code is the aggregator's. */
function run(args: string, redirection: string): Promise<{ code: unknown; stderr: string }> {
  const script = `{ "$0" "$1" ${args}; echo "code $?" >&2; } ${redirection}`;
  const env = { PATH: process.env['PATH'] ?? '', ...COMPILED_CODE, DB_PATH: join(folder(), 'a.db') };
  return new Promise((resolve) => {
    execFile('sh', ['-c', script, process.execPath, MAIN], { env }, (_error, _stdout, all) => {
      const [, stderr = '', code = ''] = /^([^]*)code (\d+)\n$/.exec(all) ?? [];
      resolve({ code: Number(code), stderr });
    });
  });
}

const SENTENCE = /^Standard output cannot be written \(ENOSPC\): .+\. \[output_failed\]\n$/;

describe('output', () => {
  it.each(['--help', 'status --help', 'check-config', 'check-config --json'])(
    'output - %s on a full disk ends with one sentence and exit code 1',
    async (args) => {
      const { code, stderr } = await run(args, '> /dev/full');
      expect(stderr).toMatch(SENTENCE);
      expect(code).toBe(1);
    },
  );

  it.each(['--help', 'check-config', 'check-config --json'])(
    'output - %s whose reader has closed the pipe ends silently with its own exit code',
    async (args) => {
      expect(await run(args, '| true')).toEqual({ code: 0, stderr: '' });
    },
  );

  it.each(['>&-', '> /dev/null'])(
    'output - a key is not made if its output goes nowhere (%s)',
    async (redirection) => {
      const { code, stderr } = await run('keys create --name a', redirection);
      expect(stderr).toMatch(/^Standard output is closed or .+ nothing was made; .+\. \[output_failed\]\n$/);
      expect(code).toBe(1);
    },
  );

  it('output - an error sentence that cannot be written leaves the exit code unchanged', async () => {
    expect(await run('nonsense 2> /dev/full', '')).toEqual({ code: 2, stderr: '' });
  });

  it('output - a slow reader gets the whole output, although the process exits at once', async () => {
    const script = `
      import { print } from ${JSON.stringify(OUTPUT)};
      print('x'.repeat(1_000_000));
      process.exit();
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let bytes = 0;
    // The reader takes small pieces, so that the pipe fills.
    for await (const chunk of child.stdout) {
      bytes += (chunk as Buffer).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(bytes).toBe(1_000_000);
  });
});
