// `npm run fuzz [-- --minutes 10]`: sends invented input to the program and reports the outcomes. Exit code 1
// if something broke or memory grew.

import { parseQuantity } from '../src/config/quantities.ts';
import { machine } from '../bench/machine.ts';
import { controlTarget } from './control.ts';
import { httpTarget } from './http.ts';
import { messagesTarget } from './messages.ts';
import { type FuzzReport, growthPerMinute, runFuzz } from './run.ts';
import { settingsTarget } from './settings.ts';
import type { FuzzTarget } from './target.ts';
import { scriptOptions } from '../test/support/script-options.ts';

const TARGETS: Readonly<Record<string, () => FuzzTarget | Promise<FuzzTarget>>> = {
  messages: messagesTarget,
  settings: settingsTarget,
  http: httpTarget,
  control: controlTarget,
};
const MEGABYTE = 1e6;
/**
 * The allowed growth of a run, in bytes a minute of its last two thirds: maps that are dropped at once make noise of
 * half as much.
 */
const HELD_GROWTH_MAX = MEGABYTE;
const RESIDENT_GROWTH_MAX = 4 * MEGABYTE;
/** Shorter runs are warming up for too much of their time: after four minutes resident memory still rises. */
const GROWTH_MINUTES_MIN = 8;

const values = scriptOptions({
  minutes: { type: 'string', default: '1' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  target: { type: 'string', multiple: true, default: Object.keys(TARGETS) },
  inputs: { type: 'string', default: 'Infinity' },
});
const MINUTES = { unit: 'minutes', min: 0, max: 100_000, hasDecimals: true } as const;
const minutes = parseQuantity(values.minutes, MINUTES) ?? 0;
const seed = Number(values.seed);
const isKnown = values.target.every((name) => Object.hasOwn(TARGETS, name));
if (!(minutes > 0) || !Number.isSafeInteger(seed) || !(Number(values.inputs) > 0) || !isKnown) {
  console.error(
    `usage: npm run fuzz -- [--minutes 10] [--seed 1] [--inputs 1000] [--target ${Object.keys(TARGETS).join('|')}]`,
  );
  process.exit(2);
}

const targets: FuzzTarget[] = [];
for (const name of values.target) {
  const target = await TARGETS[name]?.();
  if (target !== undefined) targets.push(target);
}
console.log(`fuzz  ${machine()}, seed ${seed}, ${minutes} minutes`);
try {
  const report = await runFuzz(targets, {
    seed,
    budgetMs: minutes * 60_000,
    inputsMax: Number(values.inputs),
  });
  for (const target of targets) tell(target, report);
  process.exitCode = tellMemory(report) || minutes < GROWTH_MINUTES_MIN ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
for (const target of targets) await target.close();

function tell(target: FuzzTarget, { inputs }: FuzzReport): void {
  const outcomes = Object.entries(target.outcomes).map(
    ([word, count]) => `${word} ${count.toLocaleString('en')}`,
  );
  console.log(
    `  ${target.name}: ${(inputs.get(target.name) ?? 0).toLocaleString('en')} inputs, every one counted: ${outcomes.join(', ')}`,
  );
}

/** False if memory grew. */
function tellMemory({ memory }: FuzzReport): boolean {
  const held = growthPerMinute(memory, (sample) => sample.held);
  const resident = growthPerMinute(memory, (sample) => sample.resident);
  const last = memory.at(-1);
  if (last === undefined) return true;
  const inMegabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(2);
  console.log(
    `  memory: ${inMegabytes(last.held)} MB held, ${inMegabytes(held)} MB a minute; ${inMegabytes(last.resident)} MB resident, ${inMegabytes(resident)} MB a minute`,
  );
  return held < HELD_GROWTH_MAX && resident < RESIDENT_GROWTH_MAX;
}
