// `npm run chaos -- --cluster [--row N …] [--seed N] [--seconds S] [--rate R] [--runs K] [--bin PATH] [--quick] [--keep]`.
// Without rows: the faults of FAULTS in turn for S seconds. Prints a line for each run, and ends with 1 if one differs.

import { scriptOptions } from '../../../support/script-options.ts';
import { secondsOption } from '../../../support/seconds-option.ts';
import { type RunOptions, type RunResult, runCluster } from './run.ts';
import { FAULTS, ROWS, type Scene, wait } from './rows.ts';

const values = scriptOptions({
  row: { type: 'string', multiple: true, default: [] },
  all: { type: 'boolean', default: false },
  seed: { type: 'string' },
  seconds: { type: 'string', default: '600' },
  rate: { type: 'string', default: '3000' },
  runs: { type: 'string', default: '1' },
  bin: { type: 'string' },
  quick: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
});
const firstSeed = wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * 1e9)));
const seconds = secondsOption('--seconds', values.seconds);
const perSecond = wholeNumber('--rate', values.rate);
const runs = wholeNumber('--runs', values.runs);
const numbers = values.all
  ? ROWS.map(({ number }) => number)
  : values.row.map((text) => wholeNumber('--row', text));

const common = {
  perSecond,
  isQuick: values.quick,
  servers: 3,
  keepsFolder: values.keep,
  ...(values.bin === undefined ? {} : { bin: values.bin }),
} as const;

let isGood = true;
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  for (const options of numbers.length === 0
    ? [inTurn(seed)]
    : numbers.map((number) => rowOf(number, seed))) {
    const result = await runCluster(options);
    isGood &&= result.differences.length === 0;
    console.log(describe(result));
  }
}
process.exit(isGood ? 0 : 1);

function rowOf(number: number, seed: number): RunOptions {
  const row = ROWS.find((each) => each.number === number);
  if (row === undefined) {
    console.error(`--row ${number}: there are ${ROWS.map((each) => each.number).join(', ')}`);
    process.exit(2);
  }
  return { ...common, mayLose: false, ...row, name: `row ${number}, ${row.name}`, seed };
}

/** Every fault in turn, with rest enough for each. */
function inTurn(seed: number): RunOptions {
  const run = async (scene: Scene) => {
    const untilMs = performance.now() + seconds * 1000;
    const names = Object.keys(FAULTS);
    for (let turn = 0; performance.now() < untilMs; turn++) {
      const name = names[turn % names.length] ?? '';
      const fromMs = performance.now();
      await FAULTS[name]?.(scene);
      scene.count(name);
      await wait(2_000);
      await scene.stage.ready();
      const gapMs = Math.round(scene.watch.longestGapMs(fromMs, performance.now()));
      const gapMaxMs = name === 'broker killed' ? 16_000 : 6_000;
      if (gapMs > gapMaxMs) scene.complain(`${name}: ${gapMs} ms without a tick`);
    }
  };
  return { ...common, name: `${seconds} s of faults in turn`, seed, gapMaxMs: null, mayLose: false, run };
}

function describe({
  name,
  seed,
  messages,
  lost,
  faults,
  gapMs,
  ticks,
  differences,
  folder,
}: RunResult): string {
  const happened = [...faults].map(([fault, times]) => `${times} × ${fault}`).join(', ');
  const verdict = differences.length === 0 ? 'equal' : 'DIFFERENT';
  return [
    `${name}, seed ${seed}: ${verdict}; ${messages} messages, ${lost} lost, ${ticks} ticks, at most ${(gapMs / 1000).toFixed(1)} s without one; ${happened}`,
    ...differences.map((difference) => `    ${difference}`),
    ...(folder === null ? [] : [`    kept: ${folder}`]),
  ].join('\n');
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
