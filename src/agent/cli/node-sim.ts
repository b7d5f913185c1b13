// `aggregator node-sim`: writes and grows the files of a simulated node until it has done everything or a signal ends it.

import { resolve } from 'node:path';
import { command } from '../../cli/command.ts';
import { type CommandLine, optionWithDefault, option } from '../../cli/command-line.ts';
import { readNumber, readQuantity } from '../../cli/number-option.ts';
import { complain, mention } from '../../cli/output.ts';
import { untilSignal } from '../../cli/until-signal.ts';
import { type Environment, fromCaller } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { COMMAND_NAME } from '../../lib/command-name.ts';
import { errorCode } from '../../lib/error-code.ts';
import { CodedError } from '../../lib/errors.ts';
import { systemTimers, type Timer } from '../../lib/timers.ts';
import { NodeSim, type NodeSimParts } from '../simulator/node-sim.ts';
import { NODE_FAULT_TEXTS, NODE_FAULTS, type NodeFault } from '../simulator/node-writer.ts';

const OPTIONS = {
  seed: optionWithDefault('N', 'decides ids, outcomes and faults', '1'),
  nodes: optionWithDefault(
    'N',
    'nodes, with half of their tasks in common; of several each has a folder in DIR',
    '1',
  ),
  rate: optionWithDefault('N', 'executions a minute', '10'),
  tasks: option('N', 'ends after this number of executions, --history included; default: no end'),
  duration: option(
    'TIME',
    'ends after this time, such as 30s or 5m; a bare number is seconds; default: no end',
  ),
  history: optionWithDefault('N', 'executions of the past, which the files hold at the start', '20'),
  'input-size': optionWithDefault('N', 'characters of the input of an execution, about', '300'),
  faults: optionWithDefault('LIST', 'none, all, or names with commas', 'none'),
} as const;

type Given = CommandLine<typeof OPTIONS>;

const LOG = {
  info: (text: string) => mention(`${text}\n`),
  error: (text: string) => complain(`${text}\n`),
};

const SECOND_MS = 1_000;

function readFaults(value: string): readonly NodeFault[] {
  if (value === 'none') return [];
  if (value === 'all') return NODE_FAULTS;
  return value.split(',').map((written) => {
    const fault = NODE_FAULTS.find((name) => name === written.trim());
    if (fault !== undefined) return fault;
    throw new CodedError('usage', `--faults: none, all, or some of ${NODE_FAULTS.join(', ')}.`);
  });
}

function createSim(
  { values, operands }: Given,
  env: Environment,
  end: Pick<NodeSimParts, 'ended' | 'failed'>,
): NodeSim {
  const whole = (name: 'seed' | 'nodes' | 'history' | 'input-size', min: number, max: number) =>
    readNumber(name, values[name], { min, max });
  return new NodeSim(
    {
      folder: resolve(fromCaller(env, operands[0] ?? '')),
      seed: whole('seed', 0, 0xffff_ffff),
      nodes: whole('nodes', 1, 100),
      ratePerMinute: readNumber('rate', values.rate, { min: 0.1, max: 6_000, isWhole: false }),
      tasks: values.tasks === undefined ? Infinity : readNumber('tasks', values.tasks, { min: 1, max: 1e9 }),
      history: whole('history', 0, 100_000),
      inputCharacters: whole('input-size', 1, 10_000_000),
      faults: readFaults(values.faults),
    },
    { clock: systemClock, timers: systemTimers, ...end },
  );
}

/** How a person points an agent at a node: two lines for each. */
function pointers({ settings }: NodeSim): readonly string[] {
  return settings.flatMap(({ AGENT_EVENTS, AGENT_LOGS }) => {
    const agent = `AGENT_EVENTS='${AGENT_EVENTS}' AGENT_LOGS='${AGENT_LOGS}' ${COMMAND_NAME} agent`;
    return [`report it with: ${agent}`, `see what would be reported with: ${agent} --dry-run --once`];
  });
}

function writeError(error: unknown, folder: string): CodedError {
  const code = errorCode(error) ?? 'no code';
  return new CodedError('folder_not_writable', `${folder} cannot be written (${code}): name another folder.`);
}

/** Ends as if a person had ended it: what follows is the same. */
function endAsByHand(): void {
  process.kill(process.pid, 'SIGINT');
}

/** The command `node-sim`. */
export const nodeSimCommand = command({
  about:
    'Writes and grows the event file and the logs of a simulated Truebit node below DIR, for tests and demonstrations of the agent. Everything in them is made up, and addresses and inputs are canaries that must not leave the agent.\n\nThe event file is build/datadb/…-eventDB.json, the logs are logs/@truebit/worker-runner-node-0x…/debug/*.log. At its start and at its end the command prints how an agent reads them.',
  operands: ['DIR'],
  options: OPTIONS,
  table: NODE_FAULTS.map((name) => [`fault ${name}`, NODE_FAULT_TEXTS[name]] as const),
  exit: '0 everything is written, or ended by a signal; 1 the folder cannot be written; 2 usage.',
  async run(given, env) {
    const { duration } = given.values;
    const durationMs =
      duration === undefined
        ? null
        : readQuantity('duration', duration, { unit: 'seconds', min: 1, max: 1_000_000 }) * SECOND_MS;
    const [folder = ''] = given.operands;
    // The run hands in the true one before anything starts.
    let fail: (error: CodedError) => void = () => undefined;
    const sim = createSim(given, env, {
      ended: endAsByHand,
      failed: (error) => fail(writeError(error, folder)),
    });
    let timer: Timer | null = null;
    const code = await untilSignal({
      log: LOG,
      ready: 'the files grow; stop with Ctrl-C or SIGTERM',
      stopping: 'the event file is whole',
      make: (fatal) => {
        fail = fatal;
        return {
          async start() {
            await sim.start().catch((error: unknown) => {
              throw writeError(error, folder);
            });
            for (const line of pointers(sim)) LOG.info(line);
            if (durationMs !== null) timer = systemTimers.after(durationMs, endAsByHand);
          },
          async stop() {
            timer?.cancel();
            await sim.stop();
          },
          kill: () => undefined,
        };
      },
    });
    LOG.info(`${sim.written} records and log entries were written`);
    for (const line of pointers(sim)) LOG.info(line);
    return code;
  },
});
