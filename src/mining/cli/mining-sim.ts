// `aggregator mining-sim`: runs simulated miners against an aggregator, or compares the record of a simulated upstream
// with what must have come.

import { command } from '../../cli/command.ts';
import { type CommandLine, flag, option, optionWithDefault } from '../../cli/command-line.ts';
import { readNumber, readQuantity } from '../../cli/number-option.ts';
import { complain, mention, print } from '../../cli/output.ts';
import { progressLine } from '../../cli/progress-line.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import { CodedError } from '../../lib/errors.ts';
import { BlockPlan } from '../simulator/block-plan.ts';
import { MinerPlan } from '../simulator/miner-plan.ts';
import { MiningSim } from '../simulator/mining-sim.ts';
import type { OracleMode } from '../simulator/oracle.ts';
import { readFaults, readUrl } from '../simulator/option-values.ts';
import { verifyRun } from '../simulator/verification-run.ts';

const OPTIONS = {
  url: option('URL', 'where the aggregator answers miners; default http://127.0.0.1:8080'),
  miners: optionWithDefault('N', 'simulated miners, each with a connection that it keeps', '50'),
  seed: optionWithDefault('N', 'decides the plots and who does what', '1'),
  liars: optionWithDefault('P', 'share of miners that also submit false qualities, 0 to 1', '0'),
  repeaters: optionWithDefault('P', 'share that sends each submission ten times, 0 to 1', '0'),
  stale: optionWithDefault('P', 'share that sends its best when the block has passed, 0 to 1', '0'),
  nat: optionWithDefault('P', 'share that shares addresses, ten miners to one, with names in X-Miner', '0'),
  accounts: option('N', 'accounts, each with one plot; default one for 20 miners, 3 to 24'),
  nonces: optionWithDefault('N', 'nonces of each plot; each takes some 60 ms at the start', '8'),
  mode: optionWithDefault('MODE', 'pool or wallet: miners of a wallet never send again', 'pool'),
  blocks: option('N', 'ends when so many blocks have passed; default: at a signal'),
  'scan-seconds': optionWithDefault('TIME', 'of one scan, such as 5s; a bare number is seconds', '5'),
  user: option('NAME', 'user, if the aggregator wants one'),
  password: option('TEXT', 'password'),
  'polls-only': flag('only poll: no plots and no submissions'),
  verify: option('FILE', 'run no miner; compare this record of upstream-sim with what must have come'),
  faults: optionWithDefault('LIST', 'with --verify: the --faults of upstream-sim', 'none'),
  cookie: flag('with --verify: upstream-sim had a cookie'),
  'block-seconds': optionWithDefault('TIME', 'with --verify: the --block-seconds of upstream-sim', '30'),
  from: optionWithDefault('N', 'with --verify: the first block, from 0, that the miners saw whole', '1'),
  kills: option('FILE', 'with --verify: when the aggregator was killed, ms since the epoch, one a line'),
} as const;

type Given = CommandLine<typeof OPTIONS>['values'];

const BLOCK_SECONDS = { unit: 'seconds', min: 0.5, max: 86_400, hasDecimals: true } as const;
const SCAN_SECONDS = { unit: 'seconds', min: 0.1, max: 86_400, hasDecimals: true } as const;
/** Lines of faults that are shown. */
const SHOWN_FAULTS = 100;

function modeOf({ mode }: Given): OracleMode {
  if (mode === 'pool' || mode === 'wallet') return mode;
  throw new CodedError('usage', '--mode: must be pool or wallet.');
}

function minerPlan(values: Given): MinerPlan {
  const share = (name: 'liars' | 'repeaters' | 'stale' | 'nat') =>
    readNumber(name, values[name], { min: 0, max: 1, isWhole: false });
  const { accounts } = values;
  return new MinerPlan({
    seed: readNumber('seed', values.seed, { min: 0, max: 0xffff_ffff }),
    miners: readNumber('miners', values.miners, { min: 1, max: 60_000 }),
    liars: share('liars'),
    repeaters: share('repeaters'),
    stale: share('stale'),
    nat: share('nat'),
    nonces: readNumber('nonces', values.nonces, { min: 1, max: 1_000 }),
    ...(accounts === undefined ? {} : { accounts: readNumber('accounts', accounts, { min: 1, max: 1_000 }) }),
  });
}

function verify(values: Given, recordPath: string): number {
  const seconds = readQuantity('block-seconds', values['block-seconds'], BLOCK_SECONDS);
  const blocks = new BlockPlan({
    seed: readNumber('seed', values.seed, { min: 0, max: 0xffff_ffff }),
    blockMs: seconds * 1000,
    faults: readFaults(values.faults, values.cookie),
  });
  const progress = progressLine('mining-sim');
  const verified = verifyRun({
    recordPath,
    killsPath: values.kills ?? null,
    blocks,
    miners: minerPlan(values),
    mode: modeOf(values),
    from: readNumber('from', values.from, { min: 0, max: 1_000_000 }),
    onProgress: (share) => progress.show('computing what must have come', share),
  });
  progress.end();
  const { faults, received, accepted, repeated, required } = verified;
  for (const fault of faults.slice(0, SHOWN_FAULTS)) print(`${fault}\n`);
  if (faults.length > SHOWN_FAULTS) print(`… and ${faults.length - SHOWN_FAULTS} more.\n`);
  const counts = `received ${received}, accepted ${accepted}, of them required ${required}, came again with reason or without ${repeated}`;
  print(`${verified.blocks} whole blocks: ${counts}; ${faults.length} differences\n`);
  return faults.length === 0 ? 0 : 1;
}

const LOG = {
  info: (text: string) => mention(`${text}\n`),
  error: (text: string) => complain(`${text}\n`),
};

async function run(values: Given): Promise<number> {
  const plan = minerPlan(values);
  const { user, password = '', blocks } = values;
  const last = blocks === undefined ? Infinity : readNumber('blocks', blocks, { min: 1, max: 1_000_000 });
  let seen = 0;
  const ended = Promise.withResolvers<void>();
  const miners = new MiningSim({
    url: readUrl('url', values.url ?? 'http://127.0.0.1:8080').href,
    plan,
    isPollsOnly: values['polls-only'],
    mode: modeOf(values),
    scanMs: readQuantity('scan-seconds', values['scan-seconds'], SCAN_SECONDS) * 1000,
    login: user === undefined ? null : { user, password },
    onBlock: ({ height, blockHash }) => {
      LOG.info(`block ${seen}: height ${height}, hash ${blockHash.slice(0, 12)}…`);
      seen += 1;
      if (seen > last) ended.resolve();
    },
  });
  let isStopped = false;
  const code = await untilSignal({
    log: LOG,
    ready: `${plan.miners.length} miners of ${plan.plots.length} accounts poll once a second`,
    stopping: 'closing the connections',
    make: () => ({
      async start() {
        const progress = progressLine('mining-sim');
        const goesOn = (share: number) => {
          progress.show('making nonces', share);
          return !isStopped;
        };
        if (!values['polls-only']) await plan.makePlots(goesOn);
        progress.end();
        await miners.start();
        // As if the person had ended it: what follows is the same.
        void ended.promise.then(() => process.kill(process.pid, 'SIGINT'));
      },
      async stop() {
        isStopped = true;
        await miners.stop();
      },
      kill: () => undefined,
    }),
  });
  print(`${miners.report.lines().join('\n')}\n`);
  return code;
}

/** The command `mining-sim`. */
export const miningSimCommand = command({
  about:
    'Simulated miners with small real plots poll an aggregator once a second and submit true proofs, and some of them also what a miner must not. Then it reports what was answered.\n\nWith --verify it compares what upstream-sim recorded with what must have come, which follows from the two seeds alone. Give it the same options as to the two simulators.',
  options: OPTIONS,
  exit: '0 ended in order, or all as it must be; 1 differences, or it cannot run; 2 usage.',
  async run({ values }) {
    return values.verify === undefined ? run(values) : verify(values, values.verify);
  },
});
