// `aggregator upstream-sim`: runs a simulated pool or node until a signal ends it.

import { command } from '../../cli/command.ts';
import { type CommandLine, flag, optionWithDefault, option } from '../../cli/command-line.ts';
import { readNumber, readQuantity } from '../../cli/number-option.ts';
import { complain, mention } from '../../cli/output.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import { BlockPlan, type PlannedBlock } from '../simulator/block-plan.ts';
import { FAULT_NAMES, FAULT_TEXTS } from '../simulator/fault-names.ts';
import { readAuth, readFaults } from '../simulator/option-values.ts';
import { PlannedUpstream } from '../simulator/planned-upstream.ts';

const OPTIONS = {
  host: optionWithDefault('ADDRESS', 'where it listens', '127.0.0.1'),
  port: optionWithDefault('N', 'where it listens; 0 for any free port', '18080'),
  path: optionWithDefault('PATH', 'the path at which it answers', '/'),
  seed: optionWithDefault('N', 'decides blocks and faults', '1'),
  'block-seconds': optionWithDefault(
    'TIME',
    'from one block to the next, such as 30s or 2m; a bare number is seconds',
    '30',
  ),
  faults: optionWithDefault(
    'LIST',
    'none, all, or names with commas; one of them in three blocks of four',
    'none',
  ),
  auth: optionWithDefault('HOW', 'none, basic:USER:PASSWORD, cookie:FILE or bearer:TOKEN', 'none'),
  record: option('FILE', 'appends each submission received, and each block, as one line of JSON'),
  'take-all': flag('take every claimed quality: no proof is computed'),
} as const;

const BLOCK_SECONDS = { unit: 'seconds', min: 0.5, max: 86_400, hasDecimals: true } as const;

const INFO = {
  info: (text: string) => mention(`${text}\n`),
  error: (text: string) => complain(`${text}\n`),
};

function blockLine({ index, block, fault }: PlannedBlock): string {
  const name = fault === null ? '' : `, fault ${fault.name}${fault.code === null ? '' : ` ${fault.code}`}`;
  return `block ${index}: height ${block.height}, hash ${block.blockHash.slice(0, 12)}…${name}`;
}

function createUpstream({ values }: CommandLine<typeof OPTIONS>): PlannedUpstream {
  const auth = readAuth(values.auth);
  const plan = new BlockPlan({
    seed: readNumber('seed', values.seed, { min: 0, max: 0xffff_ffff }),
    blockMs: readQuantity('block-seconds', values['block-seconds'], BLOCK_SECONDS) * 1000,
    faults: readFaults(values.faults, auth.type === 'cookie'),
  });
  return new PlannedUpstream(plan, {
    host: values.host,
    port: readNumber('port', values.port, { min: 0, max: 65_535 }),
    path: values.path,
    auth,
    isKept: false,
    ...(values.record === undefined ? {} : { recordPath: values.record }),
    ...(values['take-all'] ? { prover: null } : {}),
    onBlock: (planned) => INFO.info(blockLine(planned)),
  });
}

/** The command `upstream-sim`. */
export const upstreamSimCommand = command({
  about:
    'Answers like a PoCX pool or a Core-based node: announces blocks, checks submissions strictly with their proofs, and records them. Blocks and faults follow from the seed; mining-sim --verify compares the record with what must have come.',
  options: OPTIONS,
  table: FAULT_NAMES.map((name) => [`fault ${name}`, FAULT_TEXTS[name]] as const),
  exit: '0 ended by a signal; 1 it cannot listen or write; 2 usage.',
  async run(given) {
    const upstream = createUpstream(given);
    return untilSignal({
      log: INFO,
      ready: 'the simulated upstream is ready; stop with Ctrl-C or SIGTERM',
      stopping: 'closing its connections',
      make: () => ({
        async start() {
          const { url } = await upstream.start();
          INFO.info(`listening at ${url}`);
        },
        stop: () => upstream.stop(),
        kill: () => undefined,
      }),
    });
  },
});
