// `sh scripts/accounts-trial.sh --seed N --runs K`: runs with the seeds N, N+1, … one after the other. Ends with 1 if one
// of them differs, and says how to make it again.

import { scriptOptions } from '../../support/script-options.ts';
import { secondsOption } from '../../support/seconds-option.ts';
import { runTrial } from './run.ts';

const values = scriptOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '1' },
  accounts: { type: 'string', default: '100' },
  hours: { type: 'string', default: '6' },
  seconds: { type: 'string', default: '60' },
  kills: { type: 'string', default: '3' },
  sessions: { type: 'string', default: 'kept' },
});
const first = wholeNumber('--seed', values.seed);
const runs = wholeNumber('--runs', values.runs);
const accounts = wholeNumber('--accounts', values.accounts);
const hours = wholeNumber('--hours', values.hours);
const durationMs = secondsOption('--seconds', values.seconds) * 1_000;
const kills = wholeNumber('--kills', values.kills);

let differing = 0;
for (let seed = first; seed < first + runs; seed++) {
  const startedMs = performance.now();
  const { fills, summaries, registrations, differences } = await runTrial({
    seed,
    accounts,
    hours,
    durationMs,
    kills,
    keepsSessions: values.sessions === 'kept',
  });
  const verdict = differences.length === 0 ? 'no difference' : `${differences.length} differences`;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(
    `seed ${seed}: ${accounts} accounts, ${registrations} registrations, ${fills} fills, ${summaries} summaries, ${seconds} s: ${verdict}`,
  );
  for (const difference of differences) console.log(`    ${difference}`);
  if (differences.length > 0) differing += 1;
}
console.log(`${runs} runs, ${kills} kills of service, enclave and backend in each: ${differing} differ`);
process.exit(differing === 0 ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
