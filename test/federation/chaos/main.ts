// `npm run chaos -- --seed N --seconds S --runs K`: seeds N, N+1, … one after the other. Prints the faults by kind and the
// verdict; ends with 1 if a run differs, and says how to run it again and where everything of it is kept.

import { scriptOptions } from '../../support/script-options.ts';
import { secondsOption } from '../../support/seconds-option.ts';
import { runScenario } from './run.ts';
import { createScenario } from './scenario.ts';
import { describeResult, Totals } from './report.ts';

const values = scriptOptions({
  seed: { type: 'string' },
  seconds: { type: 'string', default: '20' },
  runs: { type: 'string', default: '1' },
  keep: { type: 'boolean', default: false },
});
const first = wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * 1e9)));
const seconds = secondsOption('--seconds', values.seconds);
const runs = wholeNumber('--runs', values.runs);

const totals = new Totals();
for (let seed = first; seed < first + runs; seed++) {
  const result = await runScenario(createScenario(seed, seconds), values.keep);
  totals.add(result);
  console.log(describeResult(result));
  if (result.differences.length > 0)
    console.log(`    again: npm run chaos -- --seed ${seed} --seconds ${seconds}`);
}
console.log(totals.text());
process.exit(totals.isGood ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
