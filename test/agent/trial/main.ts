// `sh scripts/agent-trial.sh --seed N --runs K`: runs with the seeds N, N+1, … one after the other. Ends with 1 if one of
// them differs, and says what.

import { scriptOptions } from '../../support/script-options.ts';
import { secondsOption } from '../../support/seconds-option.ts';
import { runTrial } from './run.ts';

const values = scriptOptions({
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '1' },
  executions: { type: 'string', default: '300' },
  seconds: { type: 'string', default: '60' },
  kills: { type: 'string', default: '10' },
  plant: { type: 'boolean', default: false },
});
const first = wholeNumber('--seed', values.seed);
const runs = wholeNumber('--runs', values.runs);
const executions = wholeNumber('--executions', values.executions);
const durationMs = secondsOption('--seconds', values.seconds) * 1_000;
const kills = wholeNumber('--kills', values.kills);

/** The agents ask to join again after up to five minutes, and may send little until then. */
const SETTLE_MS = 600_000;

let differing = 0;
for (let seed = first; seed < first + runs; seed++) {
  const startedMs = performance.now();
  const options = {
    seed,
    executions,
    durationMs,
    kills,
    settleMs: SETTLE_MS,
    hidesAnExecution: values.plant,
  };
  const { tasks, sharedTasks, invoices, messages, duplicates, differences } = await runTrial(options);
  const verdict = differences.length === 0 ? 'no difference' : `${differences.length} differences`;
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  console.log(
    `seed ${seed}: ${tasks} tasks, ${sharedTasks} of them of two nodes, ${invoices} invoices, ${messages} messages, ${duplicates} came again, ${seconds} s: ${verdict}`,
  );
  for (const difference of differences) console.log(`    ${difference}`);
  if (differences.length > 0) differing += 1;
}
console.log(`${runs} runs, ${kills} kills of broker, aggregator and agents in each: ${differing} differ`);
process.exit(differing === 0 ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
