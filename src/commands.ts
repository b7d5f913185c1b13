// The command line: which command each name starts, and how a result or an error becomes an exit code and one sentence.
// A program adds its commands here: the federation's commands have no word before them; another program's are a group.

import { type Entry, group } from './cli/command.ts';
import { explained, failureLine, sayingSetting } from './cli/failure.ts';
import { complain } from './cli/output.ts';
import { programCommands, storedProgramCommands } from './cli/program-commands.ts';
import { twoForms } from './cli/two-forms.ts';
import { type Environment, environment } from './config/environment.ts';
import { COMMAND_NAME } from './lib/command-name.ts';
import { CodedError } from './lib/errors.ts';
import { TRADES_COMMANDS } from './trades/cli/commands.ts';
import { isTradesMeant } from './trades/config/standard.ts';

/** The federation's commands; an error about its database says where its DB_PATH leads. */
const federation = explained(
  {
    serve: {
      summary: 'run the aggregator; settings come from the environment, see README.md',
      load: async () => (await import('./federation/cli/serve.ts')).serveCommand,
    },
    ...programCommands({
      program: async () => (await import('./federation/cli/program.ts')).FEDERATION,
      statusView: async () => (await import('./federation/cli/status.ts')).STATUS_VIEW,
    }),
    audit: {
      summary: 'recount the stored rows and compare every roll-up with them',
      load: async () => (await import('./federation/cli/audit.ts')).auditCommand,
    },
    keys: {
      summary: 'make, list and revoke API keys',
      load: async () => (await import('./federation/cli/keys.ts')).keysCommand,
    },
    nodes: {
      summary: 'forget a node, or block and unblock one',
      load: async () => (await import('./federation/cli/nodes.ts')).nodesCommand,
    },
    verify: {
      summary: 'say whether published statistics are genuine; with FILE, whether a summary of trades is',
      load: async () =>
        twoForms({
          options: (await import('./federation/cli/verify-options.ts')).VERIFY_OPTIONS,
          without: async () => (await import('./federation/cli/verify.ts')).verifyCommand,
          withOperand: async () => (await import('./trades/cli/verify-summary.ts')).verifySummaryCommand,
        }),
    },
    simulate: {
      summary: 'send what real monitors send and check the published statistics',
      load: async () => (await import('./federation/cli/simulate.ts')).simulateCommand,
    },
  },
  async () => (await import('./federation/config/settings.ts')).writtenDatabasePath,
);

/** Mining's commands. */
const miningCommands = sayingSetting(
  {
    run: {
      summary: 'run the proxy; its options may follow `mining` directly',
      load: async () => (await import('./mining/cli/mining.ts')).miningCommand,
    },
    ...storedProgramCommands({
      program: async () => (await import('./mining/cli/program.ts')).MINING,
      statusView: async () => (await import('./mining/cli/status.ts')).STATUS_VIEW,
      checkConfig: async () => (await import('./mining/cli/check.ts')).checkConfigCommand,
    }),
  },
  'database.path',
);

/** Mining's commands stand behind its name; without one it runs. */
const mining: Entry = {
  summary: 'run the mining proxy, or one of its commands (see mining --help)',
  load: () =>
    Promise.resolve(
      group({
        about:
          'An aggregating proxy between PoCX miners and a pool or wallet. Settings are in aggregator_config.yaml; -c FILE names another file.',
        commands: miningCommands,
        standard: 'run',
        exit: '0 done, or stopped in order; 1 failed or refused; 2 wrong usage, unless the help of a command says otherwise.',
      }),
    ),
};

/** The simulators of mining. */
const miningSimulators = {
  'upstream-sim': {
    summary: 'simulate a pool or a node for the mining program, with faults',
    load: async () => (await import('./mining/cli/upstream-sim.ts')).upstreamSimCommand,
  },
  'mining-sim': {
    summary: 'simulate miners with small real plots, and check what reached upstream-sim',
    load: async () => (await import('./mining/cli/mining-sim.ts')).miningSimCommand,
  },
};

const aggregator = group({
  about:
    'Deduplicates, follows and counts what a federation of Truebit node monitors reports over NATS; as `mining`, a proxy between miners and a pool or wallet; as `trades`, hourly summaries of trades, signed.',
  commands: { ...federation, mining, ...miningSimulators, ...TRADES_COMMANDS },
  standard: 'serve',
  exit: '0 done, or stopped in order; 1 failed or refused; 2 wrong usage, unless the help of a command says otherwise.',
});

/** The arguments as they stand, behind the name of trades where only the settings say which program is meant. */
function meantArguments(args: readonly string[], env: Environment): readonly string[] {
  const [word] = args;
  // The health check of the image is `status --live`.
  return (word === undefined || word === 'status') && isTradesMeant(env) ? ['trades', ...args] : args;
}

// Libraries and threads may write there, and an `error` event without a listener would end the program.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  const env = environment();
  const args = meantArguments(process.argv.slice(2), env);
  process.exitCode = await aggregator.run({ name: COMMAND_NAME, args, env });
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  complain(failureLine(error));
  process.exitCode = error.code === 'usage' || error.code === 'no_answer' ? 2 : 1;
}
process.exit();
