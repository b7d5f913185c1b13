// `npm run chaos -- --cluster --simulate [--seeds N] [--first N]`: many seeds of the simulated cluster, each with a line if
// it differs, and a line at the end. Ends with 1 if one differs.

import { rmSync } from 'node:fs';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import type { BrokenRule } from './simulated-cluster.ts';
import { runSimulatedCluster } from './simulated-run.ts';
import { scriptOptions } from '../../support/script-options.ts';

const values = scriptOptions({
  simulate: { type: 'boolean' },
  seeds: { type: 'string', default: '1000' },
  first: { type: 'string', default: '1' },
  /** `fence` or `gate`: shows what the rule is for. */
  without: { type: 'string' },
});
const first = wholeNumber('--first', values.first);
const seeds = wholeNumber('--seeds', values.seeds);
const broken =
  values.without === 'fence' || values.without === 'gate' ? (values.without satisfies BrokenRule) : null;
const folder = makeFastFolder('simulated-cluster');
const startedMs = performance.now();
const faults = new Map<string, number>();
let different = 0;
let messages = 0;
let ticks = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const result = await runSimulatedCluster(seed, folder, broken);
  messages += result.messages;
  ticks += result.ticks;
  for (const [name, times] of result.faults) faults.set(name, (faults.get(name) ?? 0) + times);
  if (result.differences.length === 0) continue;
  different++;
  console.log(`seed ${seed}: DIFFERENT; ${JSON.stringify(result.scenario)}`);
  for (const difference of result.differences.slice(0, 5)) console.log(`    ${difference}`);
}
rmSync(folder, { recursive: true, force: true });
const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
const happened = [...faults].map(([name, times]) => `${times} × ${name}`).join(', ');
console.log(
  `${seeds} seeds in ${seconds} s: ${different} different; ${messages} messages, ${Math.round(ticks)} ticks; ${happened}`,
);
process.exit(different === 0 ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`${name} must be a whole number, not "${text}"`);
  process.exit(2);
}
