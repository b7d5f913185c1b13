// `npm run bench [-- name …] [--quick] [--json]`: measures on this machine and prints ratios taken in one run. Never part
// of the tests.

import { type Bench, type BenchOptions, type Figure, print, toJson } from './figures.ts';
import { benchAccounts } from './accounts.ts';
import { benchAgentRead } from './agent-read.ts';
import { benchApi } from './api.ts';
import { benchBacklog } from './backlog.ts';
import { benchConnections } from './connections.ts';
import { benchFlood } from './flood.ts';
import { benchFold } from './fold.ts';
import { benchGrowth, benchSize, benchTick } from './history.ts';
import { benchCatchUp, benchIngest, benchMemory, benchPlain } from './ingest.ts';
import { benchLatency } from './latency.ts';
import { benchLoop } from './loop.ts';
import { benchMiningBlock } from './mining-block.ts';
import { benchMiningConnections } from './mining-connections.ts';
import { benchMiningInfo } from './mining-info.ts';
import { benchMiningLatency } from './mining-latency.ts';
import { benchMiningStore } from './mining-store.ts';
import { benchMillion, benchNodes } from './nodes.ts';
import { machine } from './machine.ts';
import { benchPages } from './pages.ts';
import { benchProofs } from './proofs.ts';
import { benchQuestions } from './questions.ts';
import { benchRetention } from './retention.ts';
import { benchSoak } from './soak.ts';
import { benchSplitter } from './splitter.ts';
import { benchTradesAcks } from './trades-acks.ts';
import { benchTradesJobs } from './trades-jobs.ts';
import { benchTradesMemory } from './trades-memory.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  ingest: benchIngest,
  plain: benchPlain,
  'catch-up': benchCatchUp,
  memory: benchMemory,
  growth: benchGrowth,
  tick: benchTick,
  size: benchSize,
  splitter: benchSplitter,
  loop: benchLoop,
  nodes: benchNodes,
  connections: benchConnections,
  latency: benchLatency,
  api: benchApi,
  questions: benchQuestions,
  proofs: benchProofs,
  'mining-info': benchMiningInfo,
  'mining-latency': benchMiningLatency,
  'mining-block': benchMiningBlock,
  'mining-connections': benchMiningConnections,
  'mining-store': benchMiningStore,
  'trades-acks': benchTradesAcks,
  'trades-memory': benchTradesMemory,
  'trades-jobs': benchTradesJobs,
  fold: benchFold,
  accounts: benchAccounts,
  'agent-read': benchAgentRead,
};
/** Longer measurements of one thing, which print their results; run only by name. */
const STUDIES: Readonly<Record<string, () => Promise<void>>> = {
  pages: benchPages,
  retention: benchRetention,
  flood: benchFlood,
  backlog: benchBacklog,
  soak: benchSoak,
  million: async () => print('million', await benchMillion(options)),
};

const words = process.argv.slice(2);
const isQuick = words.includes('--quick');
const isJson = words.includes('--json');
const names = words.filter((word) => !word.startsWith('--'));
const known = [...Object.keys(BENCHES), ...Object.keys(STUDIES)];
const strange = words.find((word) =>
  word.startsWith('--') ? word !== '--quick' && word !== '--json' : !known.includes(word),
);
if (strange !== undefined) {
  console.error(`"${strange}" is neither --quick, --json nor a bench: ${known.join(', ')}`);
  process.exit(2);
}
const options: BenchOptions = { isQuick, rounds: isQuick ? 1 : 5 };
if (!isJson) console.log(`${machine()}${isQuick ? '; quick: for a look, not to be quoted' : ''}`);
const results = new Map<string, readonly Figure[]>();
for (const [name, bench] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const figures = await bench(options);
  results.set(name, figures);
  if (!isJson) print(name, figures);
}
for (const name of names) await STUDIES[name]?.();
if (isJson) console.log(toJson(results, options));
