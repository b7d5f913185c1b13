// `npm run bench [-- name …]`: measures on this machine and prints ratios taken in one run. Never part of the tests.

import { benchFlood } from './flood.ts';
import { benchNodes } from './nodes.ts';
import { benchRetention } from './retention.ts';
import { benchTick } from './tick.ts';

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  tick: benchTick,
  nodes: benchNodes,
  retention: benchRetention,
  flood: benchFlood,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    console.error(`"${name}" is not a bench; there are ${Object.keys(BENCHES).join(', ')}`);
    process.exit(2);
  }
  await bench();
}
