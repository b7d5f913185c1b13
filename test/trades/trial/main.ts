// `sh scripts/trades-trial.sh --seed N --runs K`: runs with the seeds N, N+1, … one after the other. Ends with 1 if one
// of them differs, and says how to make it again.

import { scriptOptions } from '../../support/script-options.ts';
import { secondsOption } from '../../support/seconds-option.ts';
import { runTrial } from './run.ts';

const values = scriptOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '1' },
  seconds: { type: 'string', default: '5' },
  kills: { type: 'string', default: '2' },
  clients: { type: 'string', default: '6' },
  faults: { type: 'string', default: '15' },
});
const first = wholeNumber('--seed', values.seed);
const runs = wholeNumber('--runs', values.runs);
const durationMs = secondsOption('--seconds', values.seconds) * 1_000;
const kills = wholeNumber('--kills', values.kills);
const clients = wholeNumber('--clients', values.clients);
const faultsPercent = wholeNumber('--faults', values.faults);

let differing = 0;
for (let seed = first; seed < first + runs; seed++) {
  const { jobs, promised, ingested, faults, differences } = await runTrial({
    seed,
    durationMs,
    kills,
    clients,
    faultsPercent,
  });
  const verdict = differences.length === 0 ? 'no difference' : `${differences.length} differences`;
  console.log(
    `seed ${seed}: ${jobs} jobs, ${promised} digests promised, ${ingested} ingested, ${faults} faults: ${verdict}`,
  );
  for (const difference of differences) console.log(`    ${difference}`);
  if (differences.length > 0) differing += 1;
}
console.log(`${runs} runs, ${kills} kills of the service and of the backend in each: ${differing} differ`);
process.exit(differing === 0 ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
