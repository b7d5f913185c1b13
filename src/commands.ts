// The command line: puts the commands of the programs together, and makes an exit code and one sentence of a result or an
// error. The commands of the federation have no word before them; those of another program are a group.

import { AGENT_COMMANDS } from './agent/cli/commands.ts';
import { group } from './cli/command.ts';
import { failureLine } from './cli/failure.ts';
import { complain } from './cli/output.ts';
import { GROUP_EXIT } from './cli/program-commands.ts';
import { type Environment, environment } from './config/environment.ts';
import { federationCommands } from './federation/cli/commands.ts';
import { COMMAND_NAME } from './lib/command-name.ts';
import { CodedError } from './lib/errors.ts';
import { MINING_COMMANDS } from './mining/cli/commands.ts';
import { TRADES_COMMANDS } from './trades/cli/commands.ts';
import { isTradesMeant } from './trades/config/standard.ts';

const federation = federationCommands(
  async () => (await import('./trades/cli/verify-summary.ts')).verifySummaryCommand,
);

const aggregator = group({
  about:
    'Deduplicates, follows and counts what a federation of Truebit node monitors reports over NATS; as `mining`, a proxy between miners and a pool or wallet; as `trades`, hourly summaries of trades, signed; as `agent`, the side of one Truebit node.',
  commands: { ...federation, ...MINING_COMMANDS, ...TRADES_COMMANDS, ...AGENT_COMMANDS },
  standard: 'serve',
  exit: GROUP_EXIT,
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
