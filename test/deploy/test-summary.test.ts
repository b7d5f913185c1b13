import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const SUMMARY = fileURLToPath(new URL('../../scripts/test-summary.mjs', import.meta.url));

it('test summary - names what was not run, and counts on its last line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const statuses = ['passed', 'skipped', 'pending', 'todo', 'failed'];
  const assertionResults = statuses.map((status) => ({ status, title: `the ${status} one` }));
  const results = { testResults: [{ name: join(folder, 'a.test.ts'), status: 'failed', assertionResults }] };
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  const text = execFileSync(process.execPath, [SUMMARY, 'results.json', '1'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(text).toBe(
    `${['skipped', 'pending', 'todo'].map((status) => `not run: a.test.ts: the ${status} one\n`).join('')}1 passed, 1 failed\n`,
  );
});
