// The command line: puts the commands of the programs together, and makes an exit code and one sentence of a result or an
// error. The commands of the federation have no word before them; those of another program are a group.

import { AGENT_COMMANDS } from './agent/cli/commands.ts';
import { type Command, group } from './cli/command.ts';
import { failureLine } from './cli/failure.ts';
import { takeGlobalOptions } from './cli/global-options.ts';
import { complain, print } from './cli/output.ts';
import { GROUP_EXIT } from './cli/program-commands.ts';
import { withEnvFile } from './config/env-file.ts';
import { type Environment, environment, fromCaller } from './config/environment.ts';
import { federationCommands } from './federation/cli/commands.ts';
import { COMMAND_NAME } from './lib/command-name.ts';
import { CodedError } from './lib/errors.ts';
import { programVersion } from './lib/version.ts';
import { MINING_COMMANDS } from './mining/cli/commands.ts';
import { TRADES_COMMANDS } from './trades/cli/commands.ts';
import { isTradesMeant } from './trades/config/standard.ts';

const federation = federationCommands(
  async () => (await import('./trades/cli/verify-summary.ts')).verifySummaryCommand,
);

const aggregator: Command = group({
  about:
    'Deduplicates, follows and counts what a federation of Truebit node monitors reports over NATS; as `mining`, a proxy between miners and a pool or wallet; as `trades`, hourly summaries of trades, signed; as `agent`, the side of one Truebit node.',
  commands: {
    ...federation,
    ...MINING_COMMANDS,
    ...TRADES_COMMANDS,
    ...AGENT_COMMANDS,
    completion: {
      summary: 'print a script with which a shell completes commands, options and files',
      load: async () =>
        (await import('./cli/completion.ts')).completionCommand(() => aggregator, PROGRAM_NAMES),
    },
  },
  standard: 'serve',
  exit: GROUP_EXIT,
});

/** The names of the program: in a clone and in the image, and as its package calls it. */
const PROGRAM_NAMES = ['aggregator', 'truebit-aggregator'] as const;

/** The arguments as they stand, behind the name of trades where only the settings say which program is meant. */
function meantArguments(args: readonly string[], env: Environment): readonly string[] {
  const [word] = args;
  // The health check of the image is `status --live`.
  return (word === undefined || word === 'status') && isTradesMeant(env) ? ['trades', ...args] : args;
}

async function run(given: readonly string[], own: Environment): Promise<number> {
  const { args, envFile, asksForVersion } = takeGlobalOptions(given);
  if (asksForVersion) {
    print(`aggregator ${programVersion()}\n`);
    return 0;
  }
  const env = envFile === null ? own : withEnvFile(own, fromCaller(own, envFile));
  return aggregator.run({ name: COMMAND_NAME, args: meantArguments(args, env), env });
}

// Libraries and threads may write there, and an `error` event without a listener would end the program.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

try {
  process.exitCode = await run(process.argv.slice(2), environment());
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  complain(failureLine(error));
  process.exitCode = error.code === 'usage' || error.code === 'no_answer' ? 2 : 1;
}
process.exit();
