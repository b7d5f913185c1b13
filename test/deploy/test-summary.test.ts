import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const SUMMARY = fileURLToPath(new URL('../../scripts/test-summary.mjs', import.meta.url));

/** A test that was not run for want of the nats-server of today: however many there are, each is named. */
const onBroker = (title: string) => ({ status: 'skipped', title, meta: { without: 'nats-server 2.15' } });

it('test summary - it names the tests that were not run, and counts them on its last line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const statuses = ['passed', 'skipped', 'pending', 'todo', 'failed'];
  const assertionResults = statuses.map((status) => ({ status, title: `the ${status} one` }));
  assertionResults.push(...Array.from({ length: 60 }, (_, index) => onBroker(`broker ${index}`)));
  const results = { testResults: [{ name: join(folder, 'a.test.ts'), status: 'failed', assertionResults }] };
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  const summarise = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [SUMMARY, 'results.json', '1'], { cwd: folder, encoding: 'utf8', env });
  const onNone = Array.from(
    { length: 60 },
    (_, index) => `not run: a.test.ts, on nats-server 2.15: broker ${index}\n`,
  );
  const notRun = ['skipped', 'pending', 'todo'].map((status) => `not run: a.test.ts: the ${status} one\n`);
  const all = [...onNone, ...notRun].join('');
  expect(summarise({})).toMatchObject({ status: 1, stdout: `${all}1 passed, 1 failed\n` });
  // The mode in which no test may be left out.
  expect(summarise({ REQUIRE_ALL: '1' }).stdout).toBe(`${all}1 passed, 64 failed\n`);
});
