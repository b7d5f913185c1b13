// Prints `N passed, N failed` from vitest's JSON results. A run that failed never reads as `0 failed`: a file that
// could not be loaded, and an error outside any test, count as one failure.
import { readFileSync } from 'node:fs';

const [, , file, exitStatus] = process.argv;

function read() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { testResults: [] };
  }
}

let passed = 0;
let failed = 0;
for (const { status, assertionResults } of read().testResults) {
  const failures = assertionResults.filter((result) => result.status === 'failed').length;
  passed += assertionResults.filter((result) => result.status === 'passed').length;
  failed += failures === 0 && status === 'failed' ? 1 : failures;
}
if (exitStatus !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
