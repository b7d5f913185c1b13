// Prints the names of tests that were not run, and at the end `N passed, N failed`, from vitest's JSON results. A run that
// failed never reads as `0 failed`: a file that could not be loaded, and an error outside any test, count as one failure.
// With REQUIRE_ALL=1 a test that was not run has failed. Ends with 1 if anything has failed.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [, , file, exitStatus] = process.argv;

function read() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { testResults: [] };
  }
}

/** Names that are listed; with `-t` thousands are left out. */
const NOT_RUN_MAX = 50;
const NOT_RUN = new Set(['skipped', 'pending', 'todo', 'disabled']);

let passed = 0;
let failed = 0;
const notRun = [];
/** Tests of the nats-server of today, where there is none: all are named. */
const withoutBroker = [];
for (const { name, status, assertionResults } of read().testResults) {
  const failures = assertionResults.filter((result) => result.status === 'failed').length;
  passed += assertionResults.filter((result) => result.status === 'passed').length;
  for (const result of assertionResults) {
    if (!NOT_RUN.has(result.status)) continue;
    const without = result.meta?.without;
    if (without === undefined) notRun.push(`${relative('.', name)}: ${result.title}`);
    else withoutBroker.push(`${relative('.', name)}, on ${without}: ${result.title}`);
  }
  failed += failures === 0 && status === 'failed' ? 1 : failures;
}
if (process.env.REQUIRE_ALL === '1') failed += notRun.length + withoutBroker.length;
if (exitStatus !== '0' && failed === 0) failed = 1;
for (const name of withoutBroker) console.log(`not run: ${name}`);
for (const name of notRun.slice(0, NOT_RUN_MAX)) console.log(`not run: ${name}`);
if (notRun.length > NOT_RUN_MAX) console.log(`not run: ${notRun.length - NOT_RUN_MAX} more`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
